"""The simulator: a whole cluster of real roles on one deterministic loop, struck by faults, under workloads whose
histories are checked.

    eagleray sim --seeds 1000          hostile.py draws each seed's plan, run.py runs it, campaign.py spreads the seeds
                                       over the processors
    eagleray sim --seed 7 -v           one seed again, event by event

    proofs (workloads/proofs)  SQL over sql_client.py's sockets -->  query processors, adjudicators, journals, crossbar,
                                                                     storage, controller
                                                                      ^ struck by runtime/simulation/nemesis.py
    witness.py sees every message and every disk; verdict.py judges the evidence at the end;
    the proofs' checkers judge what clients saw

Nothing in a run depends on anything but its seed: chance, time, network, disks and clocks are the world's
(actors/runtime/simulation). This package is where the control plane and the workloads meet; nothing else of `cluster`
knows a workload.
"""
