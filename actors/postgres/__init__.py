"""The PostgreSQL protocol 3, backend side, without I/O: bytes in, messages out, bytes back.

Reading order: frontend.py (what a client says), states.py (when it may say it), reader.py (bytes -> messages),
backend.py (what is answered), formats.py (datums <-> the protocol's text and binary forms, compiled), startup.py,
scram.py, tls.py (how a connection begins), copy_text.py, copy_csv.py, copy_binary.py (COPY in both directions). Nothing
here knows a socket, a session or an event loop.
"""
