"""Proofs: workloads whose history tells whether the database kept its promises. They run live (live.py) and in the simulator (cluster/simulation)."""
