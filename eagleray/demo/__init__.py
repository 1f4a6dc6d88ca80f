"""What `make demo` shows, each part in a new cluster of its own in a temporary folder:

shop.py            the article's shop, at full speed and along a day's curve
scale_to_zero.py   nothing, a first connection, a day, nothing again, and sessions that slept meanwhile
processes.py       a cluster's processes, counted by the operating system
day_picture.py     the day in a picture
"""
