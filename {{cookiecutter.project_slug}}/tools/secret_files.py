"""Writes the files that compose.yaml takes secrets from, where they are missing: `make secrets`.

It needs no library, so that it runs where nothing is installed.
"""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

COMPOSE = Path("compose.yaml")
# A secret of compose: its name, its file, and what it is made of where it is not random.
ENTRY = re.compile(r"^  (\w+):\n    file: \./(secrets/\w+)\n(?:    x-value: (.+)\n)?", re.MULTILINE)
NOT_OURS = "none"  # what only the owner of the service has, such as a certificate


def write(compose: str) -> Iterator[str]:
    """Write each file of the secrets in this text that does not exist yet, and say which.

    Only their owner gets into the folder. The files themselves are readable to everyone, because
    the engine mounts each into containers that run as another user.

    Raises:
        SystemExit: A file that is there has no value.
    """
    values: dict[str, str] = {}
    for name, file, value in ENTRY.findall(compose):
        path = Path(file)
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o700)
        if path.exists():
            values[name] = path.read_bytes().decode(errors="replace").strip()
        elif value == NOT_OURS:
            yield f"put yours into {path}, with the mode 644"
            continue
        else:
            values[name] = value.format(**values) or secrets.token_hex(32)
            path.write_text(values[name], encoding="utf-8")
            path.chmod(0o644)
            yield f"wrote {path}"
        if not values[name] or "\N{REPLACEMENT CHARACTER}" in values[name]:
            message = f"{path} is empty or not UTF-8: put its value into it, or delete it"
            raise SystemExit(message)


if __name__ == "__main__":
    for line in write(COMPOSE.read_text(encoding="utf-8")):
        print(line)
