"""How a network is trained: the engine of every network, of the user's own too.

- ``samples``: flow of chosen clips and views, on the device that trains; ``epochs``: which of them an epoch takes;
- ``devices``: where it trains, and what makes it repeat itself there; ``precision``: in which numbers;
- ``fold``: one training whole, from the packs of its fold to predictions; ``engine``: its steps, and what the network
  then says of samples; ``testing``: what it says of clips under conditions;
- ``models``: the weights that a training ends in, and of whom they are;
- ``checkpoints``: how a training that is killed goes on; ``history``: what is written of each epoch; ``looking``: what
  a network says after each, without a trace in its training.
"""
