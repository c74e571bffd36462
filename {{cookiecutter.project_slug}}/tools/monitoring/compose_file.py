"""What compose.yaml starts: each container, what it is given, where it listens, what it reads."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from .documents import Entry, Lines, Text, lines, read, text_of

COMPOSE = Path("compose.yaml")
DOCKERFILE = Path("Dockerfile")
OUR_FILES = (None, "Dockerfile", "./Dockerfile")
NGINX = Path("monitoring/nginx/nginx.conf")
TLS = NGINX.with_name("tls.conf")
SECRETS = "/run/secrets/"
# A variable, which is not set: all that there is of it is its default. `$$` is a dollar.
VARIABLE = re.compile(r"(?<!\$)\$(?:\w+|\{\w+(?::?-([^${}]*)|[^${}]*)\})")
PORT = re.compile(r"(?:(.*?):)??(?:((?:\d{1,5}(?:-\d{1,5})?)?):)?(\d{1,5}(?:-\d{1,5})?)(?:/\w+)?")
# What every image has, and what the engine makes in any container.
ALWAYS_THERE = ("/dev", "/proc", "/usr", "/bin", "/opt")


class _Texts(Lines):
    """Takes every scalar for a text, as Compose does, with the defaults of its variables."""


def _text(_loader: Lines, node: Any) -> Text:
    while (value := VARIABLE.sub(lambda found: found[1] or "", node.value)) != node.value:
        node.value = value  # from the inside to the outside
    return text_of(node)


for _kind in ("str", "int", "float", "bool", "null", "timestamp"):
    _Texts.add_constructor(f"tag:yaml.org,2002:{_kind}", _text)


class Port(NamedTuple):
    """What is published: on an address, empty for every one, as which numbers, for which."""

    text: Text
    address: str
    published: list[str]
    target: list[str]  # empty where the text is not understood


class Container:
    """A service of compose.yaml, whose name is its host name for the others.

    Attributes:
        entry: all that stands of it.
        is_ours: whether it runs the image that is built here.
        secrets: by the name under which it reads them.
        mounts: what is mounted, by the path in the container; empty for what the engine makes.
        sources: what of this project is mounted.
        writable: the folders that it may write to where its file system is read-only.
    """

    def __init__(self, name: Text, entry: Entry) -> None:
        self.name, self.entry = name, entry
        self.image: Text = entry.get("image", Text("", name.path, name.line))
        here = [one.get("image", "") for one in section("services").values() if _is_built_here(one)]
        self.is_ours = _is_built_here(entry) or self.image in here
        self.environment = _variables(entry.get("environment"))
        self.secrets = dict(_secrets(_listed(entry.get("secrets"))))
        self.published = [_port(one) for one in _listed(entry.get("ports"))]
        self.healthcheck = _listed((entry.get("healthcheck") or {}).get("test"))
        self.command = _listed(entry.get("command"))
        self.volumes = [_short(one, "source", "target") for one in _listed(entry.get("volumes"))]
        split = [[*one.split(":"), ""] for one in self.volumes]
        self.mounts = {one[1] or one[0]: one[0] if one[1] else "" for one in split}
        self.sources = [Path(one) for one in self.mounts.values() if one.startswith(".")]
        scratch = [one.partition(":")[0] for one in _listed(entry.get("tmpfs"))]
        self.writable = ["/dev", *scratch, *(one[1] or one[0] for one in split if "ro" not in one)]

    @property
    def ports(self) -> list[str]:
        """Where it listens, as its configuration says, or else where it is published."""
        if self.is_ours:
            return [self.environment.get("PORT") or image_variables().get("PORT") or ""]
        if NGINX in self.sources:
            return re.findall(r"(?m)^\s*listen (\d+)", "\n".join(nginx_lines()))
        own = re.findall(r"--web\.listen-address=\S*:(\d+)", " ".join(self.command))
        return own or [number for port in self.published for number in port.target]

    def files(self) -> Iterator[Path]:
        """The configuration that it reads, as far as it exists."""
        for path in self.sources:
            for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if one.suffix in {".yaml", ".conf"} and (one != TLS or has_tls()):
                    yield one

    def lines(self) -> Iterator[Text]:
        """Each line of its command, variables, secrets and configuration."""
        yield from [*self.command, *self.environment.values()]
        given = self.secrets.values()
        made = [entry.get("x-value") for name, entry in section("secrets").items() if name in given]
        yield from filter(None, made)
        for path in self.files():
            yield from lines(path)

    def inside(self, path: str) -> str | None:
        """The path in the project of one in the container, empty where it is not of there.

        None is a path at which there is nothing.
        """
        there = PurePosixPath(path)
        for target in filter(there.is_relative_to, sorted(self.mounts, key=len, reverse=True)):
            source = self.mounts[target]
            return source + path.removeprefix(target) if source.startswith(".") else ""
        return "" if any(map(there.is_relative_to, (*ALWAYS_THERE, *self.writable))) else None


def section(name: str) -> dict[Text, Entry]:
    """What one of its keys has; the schema finds what is not of this form."""
    entries = (read(COMPOSE, _Texts).get(name) or {}).items()
    return {key: entry or Entry() for key, entry in entries if isinstance(entry or {}, dict)}


@cache
def containers() -> dict[str, Container]:
    """Its services by name."""
    return {name: Container(name, entry) for name, entry in section("services").items()}


def ours() -> list[Container]:
    """Those that run the image which is built here."""
    return [one for one in containers().values() if one.is_ours]


def nginx_lines() -> list[Text]:
    """What nginx reads: its file, and that for TLS where it is switched on; without comments."""
    return [*lines(NGINX), *(lines(TLS) if has_tls() else ())]


def has_tls() -> bool:
    """Whether TLS is switched on in nginx."""
    return any(f"include {TLS.name};" in line for line in lines(NGINX))


def image_variables() -> dict[str, Text]:
    """What the image sets in the environment."""
    set_here = (line for line in lines(DOCKERFILE) if line.startswith("ENV "))
    pairs = ((line, one) for line in set_here for one in re.findall(r"(\w+)=(\S+)", line))
    return {name: Text(value, DOCKERFILE, line.line) for line, (name, value) in pairs}


def _listed(given: Any) -> list[Any]:
    """What stands as a list, or as the words of one text."""
    if isinstance(given, Text):
        return [Text(word, given.path, given.line) for word in shlex.split(given)]
    return given or []


def _short(one: Any, *keys: str) -> Text:
    """A port or a volume in its short form; the keys are those of the long one."""
    short = ":".join(one.get(key, "") for key in keys) if isinstance(one, dict) else one
    return Text(short, one.path, one.line)


def _port(given: Any) -> Port:
    text = _short(given, "host_ip", "published", "target")
    found = PORT.fullmatch(text)
    address, published, target = found.groups("") if found else ("", "", "")
    return Port(text, address, _numbers(published), _numbers(target))


def _numbers(given: str) -> list[str]:
    """Those of `8000` or `8000-8009`."""
    first, _, last = given.partition("-")
    return [str(one) for one in range(int(first), int(last or first) + 1)] if first else []


def _secrets(given: list[Any]) -> Iterator[tuple[str, Text]]:
    for one in given:
        entry: dict[str, Text] = one if isinstance(one, dict) else {"source": one}
        yield entry.get("target", entry["source"]).removeprefix(SECRETS), entry["source"]


def _variables(given: Any) -> dict[str, Text]:
    if isinstance(given, list):
        pairs = ((one, *one.partition("=")) for one in given)
        return {name: Text(value, COMPOSE, one.line) for one, name, _, value in pairs}
    return given or {}


def _is_built_here(entry: Entry) -> bool:
    """Whether it is built by the Dockerfile of this project; others may have theirs."""
    build = entry.get("build")
    long = build if isinstance(build, dict) else {"context": build}
    return Path(long.get("context") or "other") == Path() and long.get("dockerfile") in OUR_FILES
