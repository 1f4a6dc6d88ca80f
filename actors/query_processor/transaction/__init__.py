"""A transaction as the query processor sees it: reads at start_ts, buffered writes, one commit message."""

from actors.query_processor.transaction.scanner import Scanner
from actors.query_processor.transaction.services import TransactionServices
from actors.query_processor.transaction.transaction import CatalogStale, Transaction
from actors.query_processor.transaction.view import StatementView
from actors.reading.storage_client import ScanBatch, StorageClient

__all__ = [
    "CatalogStale",
    "ScanBatch",
    "Scanner",
    "StatementView",
    "StorageClient",
    "Transaction",
    "TransactionServices",
]
