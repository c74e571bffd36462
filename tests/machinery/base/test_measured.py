"""A request is measured alike, whichever service of the process it comes to."""

from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.web.measured import MeasuredRequest
from {{ cookiecutter.package_name }}.platform.web.service import Service

IN_PROGRESS = 'http_requests_in_progress{method="GET"}'


def test_requests_to_two_services_of_a_process_are_in_progress_together(metrics):
    requests = [MeasuredRequest(Service([]), "GET", "", None, None) for _ in range(2)]
    assert metrics.value(IN_PROGRESS) == 2
    for request in requests:
        request.finish(200)
        request.finish(499)
    assert metrics.value(IN_PROGRESS) == 0


def test_a_second_life_is_not_shutting_down(metrics):
    life = Lifecycle([])
    health = Health(life, [])
    for shutting_down in (1, 0):
        life.start()
        if shutting_down:
            health.drain()
        assert health.answer("GET", "/metrics", None, None)[1] == 200
        assert metrics.value("application_shutting_down") == shutting_down
        life.stop()
