"""RRRN, Section III of arXiv 2107.05904, in the paper's order.

===========  ==========================================  ======================================================
equation     where                                       what the paper leaves open: key of ``networks.rrrn``
===========  ==========================================  ======================================================
Eq. 1        ``model.RRRN.forward``, the whole           ``aggregate``: how f and F^(2) become one vector
III-C        ``trunks.Trunks``                           ``backbone``, ``pretrained``
Eq. 2        ``relation.similarity``                     ``center_similarity``
Eq. 3        ``relation.propagation``
Eq. 4        ``relation.RelationReasoning``              ``hidden``: width between the two convolutions
Eq. 5        ``attention.RegionSqueeze``                 ``squeeze_channels``
III-E        ``attention.RegionInspired``                ``attention``, ``attention_norm``: the equation is lost
Eq. 6        ``losses.classification``
Eq. 7        ``losses.region_biased``                    ``beta``
Eq. 8        ``losses.correlation``                      ``cor_head``, ``cor_detach_region``
Eq. 9        ``model.RRRN.loss``                         ``lambda_rb``, ``lambda_cor``
===========  ==========================================  ======================================================
"""
