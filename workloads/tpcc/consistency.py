"""TPC-C's consistency conditions (3.3.2.1 to 3.3.2.12, without 11, which holds of the first rows alone): each a query
that counts what breaks it."""

from __future__ import annotations

DELIVERED = """(SELECT o_w_id, o_d_id, o_c_id, sum(ol_amount) AS amount FROM tpcc_orders
    JOIN tpcc_order_line ON ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id
    WHERE ol_delivery_d IS NOT NULL GROUP BY o_w_id, o_d_id, o_c_id)"""

CONDITIONS: dict[int, tuple[str, str]] = {
    1: (
        "W_YTD is the sum of its districts' D_YTD",
        """SELECT count(*) FROM tpcc_warehouse
        JOIN (SELECT d_w_id, sum(d_ytd) AS ytd FROM tpcc_district GROUP BY d_w_id) d ON d_w_id = w_id
        WHERE w_ytd <> ytd""",
    ),
    2: (
        "D_NEXT_O_ID - 1 is the highest O_ID and the highest NO_O_ID",
        """SELECT count(*) FROM tpcc_district
        LEFT JOIN (SELECT o_w_id, o_d_id, max(o_id) AS last FROM tpcc_orders GROUP BY o_w_id, o_d_id) o
            ON o_w_id = d_w_id AND o_d_id = d_id
        LEFT JOIN (SELECT no_w_id, no_d_id, max(no_o_id) AS newest FROM tpcc_new_order GROUP BY no_w_id, no_d_id) n
            ON no_w_id = d_w_id AND no_d_id = d_id
        WHERE d_next_o_id - 1 <> coalesce(last, 0) OR newest <> last""",
    ),
    3: (
        "a district's NO_O_IDs have no gap",
        """SELECT count(*) FROM (SELECT max(no_o_id) - min(no_o_id) + 1 AS span, count(*) AS present
        FROM tpcc_new_order GROUP BY no_w_id, no_d_id) n WHERE span <> present""",
    ),
    4: (
        "a district has as many order lines as its O_OL_CNT add up to",
        """SELECT count(*) FROM tpcc_district
        LEFT JOIN (SELECT o_w_id, o_d_id, sum(o_ol_cnt) AS due FROM tpcc_orders GROUP BY o_w_id, o_d_id) o
            ON o_w_id = d_w_id AND o_d_id = d_id
        LEFT JOIN (SELECT ol_w_id, ol_d_id, count(*) AS present FROM tpcc_order_line GROUP BY ol_w_id, ol_d_id) l
            ON ol_w_id = d_w_id AND ol_d_id = d_id
        WHERE coalesce(due, 0) <> coalesce(present, 0)""",
    ),
    5: (
        "an order has no O_CARRIER_ID exactly while it stands in NEW-ORDER",
        """SELECT count(*) FROM tpcc_orders
        LEFT JOIN tpcc_new_order ON no_w_id = o_w_id AND no_d_id = o_d_id AND no_o_id = o_id
        WHERE (o_carrier_id IS NULL) <> (no_o_id IS NOT NULL)""",
    ),
    6: (
        "an order has O_OL_CNT order lines",
        """SELECT count(*) FROM tpcc_orders
        LEFT JOIN (SELECT ol_w_id, ol_d_id, ol_o_id, count(*) AS present FROM tpcc_order_line
            GROUP BY ol_w_id, ol_d_id, ol_o_id) l ON ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id
        WHERE o_ol_cnt <> coalesce(present, 0)""",
    ),
    7: (
        "an order line has no OL_DELIVERY_D exactly while its order has no O_CARRIER_ID",
        """SELECT count(*) FROM tpcc_order_line
        JOIN tpcc_orders ON o_w_id = ol_w_id AND o_d_id = ol_d_id AND o_id = ol_o_id
        WHERE (ol_delivery_d IS NULL) <> (o_carrier_id IS NULL)""",
    ),
    8: (
        "W_YTD is the sum of the warehouse's H_AMOUNT",
        """SELECT count(*) FROM tpcc_warehouse
        LEFT JOIN (SELECT h_w_id, sum(h_amount) AS paid FROM tpcc_history GROUP BY h_w_id) h ON h_w_id = w_id
        WHERE w_ytd <> coalesce(paid, 0)""",
    ),
    9: (
        "D_YTD is the sum of the district's H_AMOUNT",
        """SELECT count(*) FROM tpcc_district
        LEFT JOIN (SELECT h_w_id, h_d_id, sum(h_amount) AS paid FROM tpcc_history GROUP BY h_w_id, h_d_id) h
            ON h_w_id = d_w_id AND h_d_id = d_id
        WHERE d_ytd <> coalesce(paid, 0)""",
    ),
    10: (
        "C_BALANCE is what was delivered less what was paid",
        f"""SELECT count(*) FROM tpcc_customer
        LEFT JOIN {DELIVERED} o ON o_w_id = c_w_id AND o_d_id = c_d_id AND o_c_id = c_id
        LEFT JOIN (SELECT h_c_w_id, h_c_d_id, h_c_id, sum(h_amount) AS paid FROM tpcc_history
            GROUP BY h_c_w_id, h_c_d_id, h_c_id) h ON h_c_w_id = c_w_id AND h_c_d_id = c_d_id AND h_c_id = c_id
        WHERE c_balance <> coalesce(amount, 0) - coalesce(paid, 0)""",
    ),
    12: (
        "C_BALANCE and C_YTD_PAYMENT add up to what was delivered",
        f"""SELECT count(*) FROM tpcc_customer
        LEFT JOIN {DELIVERED} o ON o_w_id = c_w_id AND o_d_id = c_d_id AND o_c_id = c_id
        WHERE c_balance + c_ytd_payment <> coalesce(amount, 0)""",
    ),
}
