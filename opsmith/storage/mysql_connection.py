"""MySQL's driver, with TLS's certificates read once in a process."""

import functools
import ssl
from typing import Any

from pymysql.connections import Connection


class MysqlConnection(Connection):  # pyright: ignore[reportMissingTypeArgument]  none at run time
    """A connection that, unless it is told how, takes TLS where the server has it.

    The driver would read the system's certificates for each connection, which takes longer than
    all the rest of it; what it makes of them is the same every time.
    """

    def _create_ssl_ctx(self, sslp: dict[str, Any] | ssl.SSLContext) -> ssl.SSLContext:
        if not sslp:
            return _unchecked()
        return super()._create_ssl_ctx(sslp)  # pyright: ignore  its types do not have it


@functools.cache
def _unchecked() -> ssl.SSLContext:
    """For a server whose certificate nobody is named to check: what passes by is not read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
