"""The session: a client's conversation without its socket; see session.py."""

from actors.query_processor.session.portals import Portal
from actors.query_processor.session.services import SessionServices
from actors.query_processor.session.session import Session
from actors.query_processor.session.statements import Plan, PreparedStatement, RawStatement

__all__ = ["Plan", "Portal", "PreparedStatement", "RawStatement", "Session", "SessionServices"]
