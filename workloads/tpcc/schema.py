"""TPC-C's nine tables (1.3), and the two indexes that its selections by last name and by customer need. No foreign
keys, so that the tables are the same on servers that have none."""

from __future__ import annotations

ADDRESS = "{0}_street_1 varchar(20), {0}_street_2 varchar(20), {0}_city varchar(20), {0}_state char(2), {0}_zip char(9)"
DISTRICTS = 10
INFO = tuple(f"s_dist_{number:02d}" for number in range(1, DISTRICTS + 1))

TABLES = (
    "tpcc_warehouse",
    "tpcc_district",
    "tpcc_customer",
    "tpcc_history",
    "tpcc_new_order",
    "tpcc_orders",
    "tpcc_order_line",
    "tpcc_item",
    "tpcc_stock",
)

SCHEMA = (
    f"""CREATE TABLE tpcc_warehouse (
        w_id int PRIMARY KEY, w_name varchar(10), {ADDRESS.format("w")},
        w_tax numeric(4,4), w_ytd numeric(12,2) NOT NULL
    )""",
    f"""CREATE TABLE tpcc_district (
        d_w_id int, d_id int, d_name varchar(10), {ADDRESS.format("d")},
        d_tax numeric(4,4), d_ytd numeric(12,2) NOT NULL, d_next_o_id int NOT NULL, PRIMARY KEY (d_w_id, d_id)
    )""",
    f"""CREATE TABLE tpcc_customer (
        c_w_id int, c_d_id int, c_id int, c_first varchar(16), c_middle char(2), c_last varchar(16),
        {ADDRESS.format("c")},
        c_phone char(16), c_since timestamp, c_credit char(2), c_credit_lim numeric(12,2), c_discount numeric(4,4),
        c_balance numeric(12,2) NOT NULL, c_ytd_payment numeric(12,2) NOT NULL, c_payment_cnt int NOT NULL,
        c_delivery_cnt int NOT NULL, c_data varchar(500), PRIMARY KEY (c_w_id, c_d_id, c_id)
    )""",
    "CREATE INDEX tpcc_customer_by_name ON tpcc_customer (c_w_id, c_d_id, c_last, c_first)",
    """CREATE TABLE tpcc_history (
        h_c_id int, h_c_d_id int, h_c_w_id int, h_d_id int, h_w_id int, h_date timestamp,
        h_amount numeric(6,2) NOT NULL, h_data varchar(24)
    )""",
    """CREATE TABLE tpcc_new_order (
        no_w_id int, no_d_id int, no_o_id int, PRIMARY KEY (no_w_id, no_d_id, no_o_id)
    )""",
    """CREATE TABLE tpcc_orders (
        o_w_id int, o_d_id int, o_id int, o_c_id int NOT NULL, o_entry_d timestamp, o_carrier_id int,
        o_ol_cnt int NOT NULL, o_all_local int, PRIMARY KEY (o_w_id, o_d_id, o_id)
    )""",
    "CREATE INDEX tpcc_orders_by_customer ON tpcc_orders (o_w_id, o_d_id, o_c_id, o_id)",
    """CREATE TABLE tpcc_order_line (
        ol_w_id int, ol_d_id int, ol_o_id int, ol_number int, ol_i_id int NOT NULL, ol_supply_w_id int,
        ol_delivery_d timestamp, ol_quantity int, ol_amount numeric(6,2) NOT NULL, ol_dist_info char(24),
        PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number)
    )""",
    """CREATE TABLE tpcc_item (
        i_id int PRIMARY KEY, i_im_id int, i_name varchar(24), i_price numeric(5,2) NOT NULL, i_data varchar(50)
    )""",
    f"""CREATE TABLE tpcc_stock (
        s_w_id int, s_i_id int, s_quantity int NOT NULL, {", ".join(f"{name} char(24)" for name in INFO)},
        s_ytd int NOT NULL, s_order_cnt int NOT NULL, s_remote_cnt int NOT NULL, s_data varchar(50),
        PRIMARY KEY (s_w_id, s_i_id)
    )""",
)
