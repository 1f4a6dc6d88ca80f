"""`make demo`: both parts; exit status 0 only if both held."""

from __future__ import annotations

import sys

from eagleray.demo import scale_to_zero, shop

if __name__ == "__main__":
    status = shop.main() or scale_to_zero.main()
    sys.exit(status)
