"""`eagleray top`: a running cluster, watched.

history.py     what `status` told, poll after poll, and what that means a second (pure)
view.py        one picture of it as lines of text, for any width and height (pure)
screen.py      a terminal: it draws, and reads keys
"""
