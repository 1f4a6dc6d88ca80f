"""The simulator: a whole cluster in one process, on virtual time, from one seed.

Role code runs unchanged (ordinary asyncio, the same Host); what it is handed comes from here:

    loop.py      an asyncio event loop whose time is virtual, and which knows whose every callback is (crash and stall
                 of a process)
    trace.py     what happened, one line an event, and its hash
    faults.py    the numbers of chance: delays, losses, slow and failing syncs, wrong clocks
    network.py   links between processes: delay, loss, repetition, reordering, partitions, clogs
    bus.py       the Bus over that network; every frame is encoded and decoded as on a real socket
    disk.py      disks that lose unsynced bytes in a power failure, tear writes, flip bits, fill up, fail
    clock.py     clocks that drift and jump, with honest or dishonest bounds
    world.py     processes and their lives; read this first
    nemesis.py   crashes, stalls, partitions and the like, struck at random and undone
"""
