"""Recognition of micro-expressions under occlusion, from raw frames to result tables.

Each folder answers one question; what stands above imports only what stands below it:

=================================  =====================================================================
commands, resuming, doctor         What does a user do beside the workflow?
planning                           What will an experiment take?
importing                          How does a licensed database become a clip table?
stages                             What does each rule of the workflow do? One module per rule.
training, tables                   How is a network trained? What is in a result table, and beside it?
networks, descriptors, occlusion,
flow, synthetic, face              What is computed? Models, features, occluders, flow, drawn faces, faces.
provenance                         What is a file made from, and does it fit what is asked for now?
experiment                         What is compared: configuration, methods, protocol, folds, seeds, metrics.
data                               What lies on disk, and how is it read and written?
running                            How does a module become a command, and a workflow a run?
=================================  =====================================================================
"""
