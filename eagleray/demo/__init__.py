"""What `make demo` shows, each part in a new cluster of its own in a temporary folder:

shop.py            the article's shop, at full speed and along a day's curve
scale_to_zero.py   nothing, a first connection, a day, nothing again, and sessions that slept meanwhile
two_regions.py     two regions that both write, one of which is cut off and comes back; far_clients.py: its customers
observer.py        looks at the cluster; processes.py: its processes, counted by the operating system
stage.py           tells the story, with the live view of `eagleray top` where there is a terminal
day.py             what was seen, and what it cost
picture.py         a story in a picture; day_picture.py, regions_picture.py: what is drawn
"""
