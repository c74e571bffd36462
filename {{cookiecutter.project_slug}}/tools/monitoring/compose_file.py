"""What compose.yaml starts: each container, what it is given, where it listens, what it reads."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path("compose.yaml")
DOCKERFILE = Path("Dockerfile")
NGINX = Path("monitoring/nginx/nginx.conf")
TLS = NGINX.with_name("tls.conf")
SECRETS = "/run/secrets/"
DEFAULT = re.compile(r"\$\{\w+(?::?-([^}]*)|[^}]*)\}")  # of a variable that is not set

# Where each image listens, unless its command says otherwise.
PORTS = {
    "prom/prometheus": "9090",
    "prom/alertmanager": "9093",
    "grafana/grafana": "3000",
    "postgres": "5432",
}
# What every image has, and what the engine makes in any container.
ALWAYS_THERE = ("/dev/", "/proc/", "/usr/", "/bin/", "/opt/")


class Text(str):
    """A scalar of YAML, whatever its type, with the defaults of its variables; `line` says where."""

    __slots__ = ("line",)
    line: int


class _Texts(yaml.SafeLoader):
    """Reads every scalar as a Text."""


def _text(_loader: yaml.SafeLoader, node: Any) -> Text:
    return _at(node.start_mark.line + 1, DEFAULT.sub(lambda found: found[1] or "", node.value))


def _at(line: int, value: str) -> Text:
    text = Text(value)
    text.line = line
    return text


for _kind in ("str", "int", "float", "bool", "null", "timestamp"):
    _Texts.add_constructor(f"tag:yaml.org,2002:{_kind}", _text)


class Container:
    """A service of compose.yaml.

    Attributes:
        name: of the service, which is its host name for the others.
        is_ours: whether it runs the image that is built here.
        secrets: by the name under which it reads them.
        published: as `address:port:port`, empty where nothing is given.
        mounts: what is mounted, by the path in the container; empty for what the engine makes.
    """

    def __init__(self, name: Text, entry: dict[str, Any]) -> None:
        self.name = name
        self.is_ours = "build" in entry or entry.get("image") in _built()
        self.environment = _variables(entry.get("environment"))
        self.secrets = dict(_secrets(_listed(entry.get("secrets"))))
        ports = (_joined(one, PORT) for one in _listed(entry.get("ports")))
        self.published = [_at(one.line, f"::{one.partition('/')[0]}") for one in ports]
        self.healthcheck = _listed((entry.get("healthcheck") or {}).get("test"))
        self.grace: Text | None = entry.get("stop_grace_period")
        self.command = _listed(entry.get("command"))
        self.volumes = [_joined(one, VOLUME) for one in _listed(entry.get("volumes"))]
        split = ([*one.split(":"), ""] for one in self.volumes)
        self.mounts = {one[1] or one[0]: one[0] if one[1] else "" for one in split}
        self._image = str(entry.get("image", "")).partition(":")[0]
        self._scratch = [
            _at(one.line, one.partition(":")[0]) for one in _listed(entry.get("tmpfs"))
        ]

    @property
    def ports(self) -> list[str]:
        """Where it listens; nothing for an image that is not known here."""
        if self.is_ours:
            return [str(self.environment.get("PORT", image_variables().get("PORT", ("",))[0]))]
        if "nginx" in self._image:
            return re.findall(r"^\s*listen (\d+)", nginx_text(), re.MULTILINE)
        own = re.search(r"--web\.listen-address=\S*:(\d+)", " ".join(self.command))
        return [own[1] if own else PORTS[self._image]] if self._image in PORTS else []

    def files(self) -> Iterator[Path]:
        """The configuration that it reads, as far as it exists."""
        for path in (Path(source) for source in self.mounts.values() if source.startswith(".")):
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            for one in found:
                read = one != TLS or has_tls()
                if read and one.suffix in {".yaml", ".conf"} and one.exists():
                    yield one

    def lines(self) -> Iterator[tuple[Path, int, str]]:
        """Each line of its command, its variables and its configuration: path, number, text."""
        for text in [*self.command, *self.environment.values()]:
            yield COMPOSE, text.line, text
        for path in self.files():
            yield from ((path, number, text) for number, text in lines(path))

    def inside(self, path: str) -> str | None:
        """The path in the project of one in the container, empty where it is not of there.

        None is a path at which there is nothing.
        """
        if path.startswith(ALWAYS_THERE) or any(
            _is_below(path, folder) for folder in self._scratch
        ):
            return ""
        for target in sorted(self.mounts, key=len, reverse=True):
            if _is_below(path, target):
                source = self.mounts[target]
                return source + path.removeprefix(target) if source.startswith(".") else ""
        return None


# The keys of the long forms, in the order of the short ones.
PORT = ("host_ip", "published", "target")
VOLUME = ("source", "target")


def _listed(given: Any) -> list[Any]:
    """What stands as a list, or as the words of one text."""
    if isinstance(given, Text):
        return [_at(given.line, word) for word in shlex.split(given)]
    return given or []


def _joined(one: Any, keys: tuple[str, ...]) -> Text:
    """A port or a volume in its short form."""
    if isinstance(one, dict):
        return _at(min(key.line for key in one), ":".join(one.get(key, "") for key in keys))
    return _at(one.line, one)


def _secrets(given: list[Any]) -> Iterator[tuple[str, Text]]:
    for one in given:
        entry: dict[str, Text] = one if isinstance(one, dict) else {"source": one}
        yield entry.get("target", entry["source"]).removeprefix(SECRETS), entry["source"]


def _variables(given: Any) -> dict[str, Text]:
    if isinstance(given, list):
        pairs = ((one.line, *one.partition("=")) for one in given)
        return {name: _at(line, value) for line, name, _, value in pairs}
    return given or {}


def _built() -> set[Text]:
    """The images that are built here."""
    return {
        one["image"] for one in section("services").values() if {"build", "image"} <= one.keys()
    }


def section(name: str) -> dict[Text, dict[str, Any]]:
    """What one of its keys has; the schema finds what is not of this form."""
    entries = {key: entry or {} for key, entry in compose().get(name, {}).items()}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}


@cache
def compose() -> dict[str, Any]:
    """The file as it stands."""
    document: dict[str, Any] = yaml.load(COMPOSE.read_text(encoding="utf-8"), _Texts)  # noqa: S506 - of the safe one
    return document


def containers() -> dict[str, Container]:
    """Its services by name."""
    return {name: Container(name, entry) for name, entry in section("services").items()}


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file, with numbers from 1, without comments."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield number, re.sub(r"(^|\s)#.*", "", line)


def nginx_text() -> str:
    """What nginx reads: its file, and that for TLS where it is switched on; without comments."""
    files = [NGINX, TLS] if has_tls() else [NGINX]
    return "\n".join(line for file in files for _, line in lines(file))


def has_tls() -> bool:
    """Whether TLS is switched on in nginx."""
    return any(f"include {TLS.name};" in line for _, line in lines(NGINX))


def image_variables() -> dict[str, tuple[str, int]]:
    """What the image sets in the environment: value, and line of the Dockerfile."""
    return {
        name: (value, number)
        for number, text in lines(DOCKERFILE)
        if text.startswith("ENV ")
        for name, value in re.findall(r"(\w+)=(\S+)", text)
    }


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
