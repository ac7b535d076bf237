"""How the pictures of a kind of occluder are stored: drawn once, worn by all clips.

The dataset ``names`` has them in the order in which lots are drawn. The group of number k has the anchors of
``placing.Template`` as attributes, and float32 (H, W, 4), BGR in 0..255 premultiplied by alpha: ``image``, or, of a
picture whose straps can be fitted to a face, ``body`` and ``straps`` under it, with ``edge``, float64 (H,).
"""

from functools import partial

import h5py

from rrrn.data import store
from rrrn.occlusion import fitting
from rrrn.occlusion.placing import Straps, Template
from rrrn.occlusion.scene import Art

_ANCHORS = ("seam", "top", "bottom", "left", "right", "min_ratio")


def put(file: h5py.File, art: Art) -> None:
    """Draw all pictures of a kind and store them; raises InputError for one that cannot be read."""
    store.put_names(file, "names", list(art))
    for number, draw in enumerate(art.values()):
        group, template = file.create_group(str(number)), draw()
        for name in _ANCHORS:
            group.attrs[name] = getattr(template, name)
        if template.straps is None:
            images = {"image": template.image}
        else:
            images = {"body": template.straps.body, "straps": template.straps.image}
            store.put(group, "edge", template.straps.edge, chunk_axes=0)
        for name, image in images.items():
            store.put(group, name, image, chunk_axes=0, compress=True)


def get(file: h5py.File) -> Art:
    """Return the pictures of an open file, bit for bit as they were drawn; each is read when it is asked for."""
    return {name: partial(_template, file[str(number)]) for number, name in enumerate(store.names(file, "names"))}


def _template(group: h5py.Group) -> Template:
    seam, top, bottom, left, right, min_ratio = (float(group.attrs[name]) for name in _ANCHORS)
    straps = None
    if "image" in group:
        image = group["image"][()]
    else:
        straps = Straps(group["straps"][()], group["body"][()], group["edge"][()])
        image = fitting.under(straps.body, straps.image)
    return Template(image, seam, top, bottom, left, right, min_ratio, straps)
