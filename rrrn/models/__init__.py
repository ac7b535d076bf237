"""A final model in one file, and what it says of a clip of one's own: ``rrrn fit``, ``rrrn predict``, ``rrrn.predict``.

- ``fit``: trains it, by the engine of the workflow's trainings or the machines of its SVM; ``linear``: these as arrays;
- ``estimate``: what is known of it, from folds that did not see whom they tested; ``card``: all that, to be read;
- ``saved``: the file, in the format safetensors, of which nothing is ever run;
- ``seeing``: a clip as a model sees it, by the functions of the workflow's stages; ``predictor``: a model, loaded once
  and asked for many clips; ``asked``: which clips; ``answer``: one, from its frames to what is said of it; ``told``:
  that in words and as JSON, ``pictured`` and ``filmed`` to be seen; ``in_memory``: ``rrrn.predict``.
"""
