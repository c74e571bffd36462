"""The greeter greets, and counts whom."""

from {{ cookiecutter.package_name }}.greeter import service
from prometheus_client import CollectorRegistry


def test_a_greeting_is_counted(registry: CollectorRegistry) -> None:
    assert service.greet("Ada") == "Hello, Ada"
    assert registry.get_sample_value("greeter_greetings_total", {"guest": "known"}) == 1
