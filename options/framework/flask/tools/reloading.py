"""How Flask serves with reload: its own development server."""


def command(host: str, port: str) -> list[str]:
    """The arguments of `python -m`."""
    application = "{{ cookiecutter.package_name }}.app"
    return ["flask", "--app", application, "run", "--debug", "--host", host, "--port", port]
