"""`make demo`: both parts; exit status 0 only if both held. DEMO_PICTURE: where the day is drawn, as HTML."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from eagleray.demo import scale_to_zero, shop

if __name__ == "__main__":
    status = shop.main() or scale_to_zero.main(Path(picture) if (picture := os.environ.get("DEMO_PICTURE")) else None)
    sys.exit(status)
