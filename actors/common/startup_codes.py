"""What the first packets of a PostgreSQL connection say instead of a protocol version (PostgreSQL, "Frontend/Backend
Protocol", Message Formats)."""

CANCEL_CODE = 80877102
SSL_CODE = 80877103
GSSENC_CODE = 80877104
