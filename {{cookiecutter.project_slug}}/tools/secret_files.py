"""Writes the files that compose.yaml takes secrets from, where they are missing: `make secrets`.

It needs no library, so that it runs where nothing is installed.
"""

import re
import secrets
from pathlib import Path

COMPOSE = Path("compose.yaml")
# A secret of compose: its name, its file, and what it is made of where it is not random.
ENTRY = re.compile(r"^  (\w+):\n    file: \./(secrets/\w+)\n(?:    x-value: (.+)\n)?", re.MULTILINE)


def write(compose: str) -> list[Path]:
    """Write each file of the secrets in this text that does not exist yet, and return these.

    Only their owner gets into the folder. The files themselves are readable to everyone, because
    the engine mounts each into containers that run as another user.
    """
    values: dict[str, str] = {}
    written = []
    for name, file, value in ENTRY.findall(compose):
        path = Path(file)
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o700)
        if not path.exists():
            path.write_text(value.format(**values) or secrets.token_hex(32), encoding="utf-8")
            path.chmod(0o444)
            written.append(path)
        values[name] = path.read_text(encoding="utf-8").strip()
    return written


if __name__ == "__main__":
    for made in write(COMPOSE.read_text(encoding="utf-8")):
        print(f"wrote {made}")
