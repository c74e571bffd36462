"""A URL that may hold a password, for settings."""

import re

from pydantic import SecretStr

# After the user, up to the last @, whatever is in it; or in a parameter, such as `sslpassword`.
_PASSWORD = re.compile(r"(?is)(?<=://)([^:/@]*:).*(?=@)|([?&][^=&]*password=)[^&]*")


class SecretUrl(SecretStr):
    """One of which `config show` hides the password alone; elsewhere all of it is hidden."""

    def shown(self) -> str:
        """For people, like `postgresql://user:***@host/db`."""
        return _PASSWORD.sub(r"\1\2***", self.get_secret_value())
