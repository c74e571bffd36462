"""The greeter greets, and counts whom."""

from prometheus_client import CollectorRegistry

from {{ cookiecutter.package_name }}.greeter import service


def test_a_greeting_is_counted(registry: CollectorRegistry) -> None:
    assert service.greet("Ada") == "Hello, Ada"
    assert registry.get_sample_value("greeter_greetings_total", {"guest": "known"}) == 1
