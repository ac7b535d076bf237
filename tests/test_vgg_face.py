"""VGG-Face in its three files: narrow ones are written here, read, and give what their own libraries would compute."""

import struct
import zipfile
import zlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from scipy.io import savemat
from torch import nn

from rrrn.networks import adapt, matconvnet, pretrained, torch7
from rrrn.networks.baselines import vgg16, vgg_face
from rrrn.running.stage import InputError

WIDTHS = (2, 4, 8, 16, 16)  # a 32nd of the published ones
HIDDEN, CLASSES, SIDE = 128, 6, 224
NAMES = [*vgg_face.CONVOLUTIONS, *vgg_face.LINEAR]
MEAN = np.array([129.1863, 104.7624, 93.5940])  # red, green, blue


@pytest.fixture(scope="module")
def weights():
    """MatConvNet's filters (H, W, C_in, C_out) and biases by name, and an image in RGB, 0 to 255 (H, W, 3)."""
    rng = np.random.default_rng(0)
    made, before = {}, 3
    shapes = [(3, 3, width) for width, count in zip(WIDTHS, vgg_face.BLOCKS, strict=True) for _ in range(count)] + [
        (7, 7, HIDDEN),
        (1, 1, HIDDEN),
        (1, 1, CLASSES),
    ]
    for name, (height, width, channels) in zip(NAMES, shapes, strict=True):
        size = np.sqrt(2 / (height * width * before))
        filters = rng.normal(0, size, (height, width, before, channels)).astype(np.float32)
        made[name] = filters, rng.normal(0, 0.1, channels).astype(np.float32)
        before = channels
    return made, rng.uniform(0, 255, (SIDE, SIDE, 3))


def matconvnets_answer(weights, image):
    """The network by the formulas of MatConvNet's manual, without PyTorch, to the last layer before the classes."""
    made, maps = weights, image - MEAN
    for name in NAMES[:-1]:
        filters, biases = made[name]
        edge = 1 if filters.shape[0] == 3 else 0
        padded = np.pad(maps, ((edge, edge), (edge, edge), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, filters.shape[:2], axis=(0, 1))
        maps = np.maximum(np.einsum("xychw,hwck->xyk", windows, filters, optimize=True) + biases, 0)
        last = int(name[-1]) == vgg_face.BLOCKS[int(name[4]) - 1] if name.startswith("conv") else False
        if last:
            half = maps.shape[0] // 2
            maps = maps.reshape(half, 2, half, 2, -1).max(axis=(1, 3))
    return maps.ravel()


def as_torch7(weights):
    """(weight, bias) as the network for Torch7 has them: (C_out, C_in, H, W) or (out, in), the first for BGR."""
    found = []
    for name in NAMES:
        filters, biases = weights[name]
        weight = np.transpose(filters, (3, 2, 0, 1))
        weight = weight[:, ::-1] if name == "conv1_1" else weight
        found.append((np.ascontiguousarray(weight.reshape(len(weight), -1) if name[0] == "f" else weight), biases))
    return found


def loaded(path):
    """A VGG16 of a 32nd of the width with the weights of a file, as vgg16 makes it of the full one."""
    with torch.device("meta"):
        model = torchvision.models.vgg16(weights=None)
    model.classifier = model.classifier[:-1]
    adapt.narrow(model, 1 / 32, inputs=3)
    pretrained.load(model, vgg_face.read(path), "classifier.6.", path)
    return model.eval()


def answer(path, image):
    """What it says of an image in RGB."""
    x = torch.from_numpy(np.ascontiguousarray((image - MEAN).transpose(2, 0, 1))).float()[None]
    with torch.no_grad():
        return loaded(path)(x)[0].numpy()


# ---- writers


class Lua:
    """Torch7's serialization, as torch.save of Lua writes it."""

    def __init__(self):
        self.parts, self.number = [], 0

    def int(self, *values):
        self.parts.append(struct.pack(f"<{len(values)}i", *values))

    def long(self, *values):
        self.parts.append(struct.pack(f"<{len(values)}q", *values))

    def text(self, value):
        self.int(len(value))
        self.parts.append(value.encode())

    def begin(self, kind):
        self.number += 1
        self.int(kind, self.number)

    def value(self, value):
        if value is None:
            self.int(0)
        elif isinstance(value, bool):
            self.int(5, value)
        elif isinstance(value, int | float):
            self.int(1)
            self.parts.append(struct.pack("<d", value))
        elif isinstance(value, str):
            self.int(2)
            self.text(value)
        elif isinstance(value, dict):
            self.begin(3)
            self.int(len(value))
            for key, one in value.items():
                self.value(key)
                self.value(one)
        elif isinstance(value, tuple):
            self.thing(*value)
        else:
            self.tensor(value)

    def thing(self, name, fields):
        self.begin(4)
        self.text("V 1")
        self.text(name)
        self.value(fields)

    def storage(self, value, name="Float"):
        self.begin(4)
        self.text("V 1")
        self.text(f"torch.{name}Storage")
        self.long(value.size)
        self.parts.append(value.tobytes())

    def tensor(self, value, name="Float", sizes=None, strides=None, first=1):
        sizes = value.shape if sizes is None else sizes
        strides = [stride // value.itemsize for stride in value.strides] if strides is None else strides
        self.begin(4)
        self.text("V 1")
        self.text(f"torch.{name}Tensor")
        self.int(len(sizes))
        self.long(*sizes, *strides, first)
        self.storage(value, name)

    def bytes(self):
        return b"".join(self.parts)


def write_t7(path, layers, matrices):
    """The modules of VGG_FACE.t7; ``matrices``: convolutions are SpatialConvolutionMM, which keep matrices."""
    modules = []
    for name, (weight, bias) in zip(NAMES, layers, strict=True):
        if name in vgg_face.LINEAR:
            if name == "fc6":
                modules.append(("nn.View", {"numElements": 1, "size": {1: -1}}))
            fields = {"weight": weight, "bias": bias, "gradWeight": np.zeros((0,), np.float32), "train": False}
            modules += [("nn.Linear", fields), ("nn.Dropout", {"p": 0.5, "train": False})]
        else:
            kind = "nn.SpatialConvolutionMM" if matrices else "nn.SpatialConvolution"
            weight = weight.reshape(len(weight), -1) if matrices else weight
            modules += [(kind, {"weight": weight, "bias": bias, "kW": 3, "kH": 3, "padW": 1, "output": None})]
        modules.append(("nn.ReLU", {"inplace": True, "threshold": 0, "val": 0.0}))
    lua = Lua()
    lua.value(("nn.Sequential", {"modules": dict(enumerate(modules, start=1)), "_type": "torch.FloatTensor"}))
    path.write_bytes(lua.bytes())


def cells(values):
    found = np.empty((1, len(values)), object)
    found[0] = values
    return found


def write_mat(path, weights, old=False, whole=False, compressed=True):
    """As MatConvNet saves a simplenn; ``old``: weights as in early versions; ``whole``: as one variable ``net``."""
    layers = []
    for name in NAMES:
        filters, biases = weights[name]
        own = {"filters": filters, "biases": biases[None]} if old else {"weights": cells([filters, biases[:, None]])}
        layers.append({"name": name, "type": "conv", "pad": [1, 1, 1, 1], "stride": [1, 1], **own})
        layers.append({"name": f"relu{name[-3:]}", "type": "relu"} | ({} if old else {"weights": cells([])}))
    net = {"layers": cells(layers), "meta": {"normalization": {"averageImage": MEAN[None, None], "imageSize": SIDE}}}
    savemat(path, {"net": net} if whole else net, do_compression=compressed)


def write_pth(path, weights):
    layers = as_torch7(weights)
    state = {}
    for name, (weight, bias) in zip(NAMES, layers, strict=True):
        weight = torch.from_numpy(weight)
        state[f"{name}.weight"] = weight.flip(1) if name == "conv1_1" else weight
        state[f"{name}.bias"] = torch.from_numpy(bias)
    torch.save(state, path)


# ---- what is read


@pytest.fixture(scope="module")
def wanted(weights):
    return matconvnets_answer(*weights)


def test_the_torch7_network_is_the_same_function_on_bgr(weights, wanted):
    """The writers' own layout, by PyTorch's functions and without rrrn's: what the file for Torch7 is published as."""
    made, image = weights
    maps = torch.from_numpy((image - MEAN)[:, :, ::-1].transpose(2, 0, 1).copy()).float()[None]
    for name, (weight, bias) in list(zip(NAMES, as_torch7(made), strict=True))[:-1]:
        weight, bias = torch.from_numpy(weight), torch.from_numpy(bias)
        if name in vgg_face.LINEAR:
            maps = F.relu(F.linear(maps.flatten(1), weight, bias))
            continue
        maps = F.relu(F.conv2d(maps, weight, bias, padding=1))
        if int(name[-1]) == vgg_face.BLOCKS[int(name[4]) - 1]:
            maps = F.max_pool2d(maps, 2)
    np.testing.assert_allclose(maps[0].numpy(), wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(
    "write",
    [
        lambda path, made: write_t7(path, as_torch7(made), matrices=False),
        lambda path, made: write_t7(path, as_torch7(made), matrices=True),
        write_mat,
        lambda path, made: write_mat(path, made, old=True, compressed=False),
        lambda path, made: write_mat(path, made, whole=True),
        write_pth,
    ],
    ids=["Torch7", "Torch7, matrices", "MatConvNet", "MatConvNet, old", "MatConvNet, one variable", "PyTorch"],
)
def test_each_file_gives_the_same_network(tmp_path, weights, wanted, write):
    made, image = weights
    write(tmp_path / "weights", made)  # no ending tells
    found = answer(tmp_path / "weights", image)
    assert np.abs(wanted).max() > 0.1 and (wanted > 0).mean() > 0.2
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())
    turned = answer(tmp_path / "weights", image[:, :, ::-1])  # colours matter
    assert np.abs(turned - wanted).max() > 0.01 * np.abs(wanted).max()


def test_published_shapes_are_torchvisions():
    with torch.device("meta"):
        own = torchvision.models.vgg16(num_classes=2622).state_dict()
        shapes, before = {}, 3
        for name, width in zip(vgg_face.CONVOLUTIONS, [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6, strict=True):
            shapes[name], before = (3, 3, before, width), width
        shapes |= {"fc6": (7, 7, 512, 4096), "fc7": (1, 1, 4096, 4096), "fc8": (1, 1, 4096, 2622)}
        mat = {name: (torch.empty(shape), torch.empty(shape[-1])) for name, shape in shapes.items()}
        lua = [
            (torch.empty(shape[3], shape[0] * shape[1] * shape[2]), torch.empty(shape[3])) for shape in shapes.values()
        ]
    for state in (vgg_face.from_matconvnet(mat), vgg_face.from_torch7(lua, "x")):
        found = vgg_face.torchvision_names(state)
        assert {name: value.shape for name, value in found.items()} == {name: one.shape for name, one in own.items()}


def test_what_torch7_writes_comes_back(tmp_path):
    """Strides, references, other numbers, old headers."""
    lua = Lua()
    numbers = np.arange(12, dtype=np.float64)
    lua.begin(3)
    lua.int(5)
    lua.value("turned")
    lua.tensor(numbers, "Double", sizes=(2, 3), strides=(1, 4), first=2)
    lua.value("again")
    lua.int(4, 2)  # the object of this number
    lua.value("whole")
    lua.tensor(np.array([3, -4]), "Long")
    lua.value("said")
    lua.value(True)
    lua.value("old")
    lua.begin(4)
    lua.text("nn.Identity")  # without a version
    lua.value({"train": False, 1: "e"})
    path = tmp_path / "x.t7"
    path.write_bytes(lua.bytes())
    found = torch7.read(path)
    assert torch.equal(found["turned"], torch.tensor([[1.0, 5, 9], [2, 6, 10]], dtype=torch.float64))
    assert found["again"] is found["turned"] and found["whole"].tolist() == [3, -4] and found["said"] is True
    assert found["old"].kind == "nn.Identity" and found["old"].fields == {"train": False, 1.0: "e"}


# ---- what is no such file


@pytest.fixture
def t7(tmp_path, weights):
    write_t7(tmp_path / "net.t7", as_torch7(weights[0]), matrices=True)
    return tmp_path / "net.t7"


@pytest.fixture
def mat(tmp_path, weights):
    write_mat(tmp_path / "net.mat", weights[0])
    return tmp_path / "net.mat"


@pytest.mark.parametrize("name", ["t7", "mat"])
def test_a_file_that_is_cut_anywhere_is_one_message(request, name):
    path = request.getfixturevalue(name)
    data = path.read_bytes()
    for share in np.random.default_rng(1).uniform(0, 1, 25):
        path.write_bytes(data[: 200 + int(share * (len(data) - 201))])
        with pytest.raises(InputError, match=rf"^{path}: not a whole .*fetch or copy it again"):
            vgg_face.read(path)


@pytest.mark.parametrize("name", ["t7", "mat"])
def test_damaged_bytes_are_one_message_or_other_numbers(request, name):
    path = request.getfixturevalue(name)
    data, rng = path.read_bytes(), np.random.default_rng(2)
    stopped = 0
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(128, 3000, 4):
            changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        try:
            pretrained.load(nn.Module(), vgg_face.read(path), "classifier.6.", path)
        except InputError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            stopped += 1
    assert stopped == 60  # no network has no weights


def test_another_network_of_either_library_is_one_message(tmp_path, weights):
    write = Lua()
    write.value(
        ("nn.Sequential", {"modules": {1: ("nn.Linear", {"weight": np.ones((2, 2), "f4"), "bias": np.ones(2, "f4")})}})
    )
    (tmp_path / "a.t7").write_bytes(write.bytes())
    with pytest.raises(InputError, match=r"a\.t7: has 1 layers with weights and a bias; a VGG16 has 16"):
        vgg_face.read(tmp_path / "a.t7")
    layers = as_torch7(weights[0])
    write_t7(tmp_path / "b.t7", [(np.ones((2, 5), "f4"), layers[0][1]), *layers[1:]], matrices=True)
    with pytest.raises(InputError, match=r"b\.t7: layer conv1_1 has weights \(2, 5\), and no kernels of 3 x 3"):
        vgg_face.read(tmp_path / "b.t7")
    savemat(tmp_path / "c.mat", {"faces": np.ones(3)})
    with pytest.raises(InputError, match=r"c\.mat: not a whole network of MatConvNet \(it has neither"):
        vgg_face.read(tmp_path / "c.mat")
    (tmp_path / "d.mat").write_bytes(
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM" + b"\x89HDF\r\n\x1a\n"
    )
    with pytest.raises(InputError, match=r"d\.mat: is of MATLAB 7\.3 .*save it in MATLAB with the option -v7"):
        vgg_face.read(tmp_path / "d.mat")
    (tmp_path / "e.caffemodel").write_bytes(b"\x0a\x10VGG_FACE_16_layer")
    with pytest.raises(InputError, match=r"e\.caffemodel: not a weights file of PyTorch"):
        vgg_face.read(tmp_path / "e.caffemodel")
    with pytest.raises(InputError, match=r"none\.t7: the weights file cannot be read"):
        vgg_face.read(tmp_path / "none.t7")
    settings = {"pretrained": {"path": "x", "sha256": ""}, "width": 1, "input": "uvm", "input_scale": 1.0}
    write_mat(tmp_path / "narrow.mat", weights[0])
    with pytest.raises(InputError, match=r"narrow\.mat: not the weights of this network"):
        vgg16.build(settings, 5, 64, tmp_path / "narrow.mat")


HUGE = 2**40


def lua_with(write):
    lua = Lua()
    write(lua)
    return lua.bytes()


def huge_storage(lua):
    lua.begin(4)
    lua.text("V 1")
    lua.text("torch.FloatStorage")
    lua.long(HUGE)


def nested(lua):
    for _ in range(100_000):
        lua.begin(3)
        lua.int(1)


@pytest.mark.parametrize(
    "write",
    [
        huge_storage,
        nested,
        lambda lua: lua.int(3, 1, 2**31 - 1),
        lambda lua: lua.int(3, 1, -1),
        lambda lua: lua.int(3, 1, 1, 2, 2**31 - 1),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(2**20, 2**20), strides=(0, 0)),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(4,), strides=(2,)),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(4,), strides=(-1,), first=4),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(2,), strides=(1,), first=-9),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(2,), strides=(1,), first=HUGE),
        lambda lua: lua.tensor(np.ones(4, np.float32), sizes=(-1, -4), strides=(1, 1)),
        lambda lua: (lua.begin(4), lua.text("V 1"), lua.text("torch.HalfStorage"), lua.long(HUGE)),
    ],
)
def test_sizes_that_a_file_of_torch7_does_not_have_are_refused(tmp_path, write):
    (tmp_path / "x.t7").write_bytes(lua_with(write))
    with pytest.raises(InputError, match=r"x\.t7: not a whole file of Torch7 \(.+\); fetch or copy it again$"):
        torch7.read(tmp_path / "x.t7")


def test_a_function_of_lua_is_passed_over(tmp_path):
    lua = Lua()
    lua.begin(3)
    lua.int(2)
    lua.value("run")
    lua.begin(8)
    lua.text("\x1bLJ\x01 os.execute('touch PWNED')")
    lua.value({1: "upvalue"})
    lua.value("after")
    lua.value(2.5)
    (tmp_path / "x.t7").write_bytes(lua.bytes())
    assert torch7.read(tmp_path / "x.t7") == {"run": None, "after": 2.5}


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matlab(*elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def matrix(of, shape, *parts):
    own = element(6, struct.pack("<II", of, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, own + element(1, b"layers") + b"".join(parts))


def packed(data):
    squeezed = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(squeezed)) + squeezed


@pytest.mark.parametrize(
    "data",
    [
        matlab(matrix(1, (1, 2**31 - 1))),
        matlab(matrix(1, (2**16, 2**16, 2**16))),
        matlab(matrix(2, (2**15, 2**15), element(5, struct.pack("<i", 1)), element(1, b""))),
        matlab(matrix(1, (1, 1), matrix(1, (1, 2**30)))),
        matlab(packed(matrix(1, (1, 2**30)))),
        matlab(struct.pack("<II", 14, 2**32 - 8)),
        matlab(matrix(6, (1, 2**27), struct.pack("<II", 9, 2**30))),
        matlab(matrix(1, (-1, 1))),
        matlab(element(14, b"")),
    ],
)
def test_sizes_that_a_file_of_matlab_does_not_have_are_refused(tmp_path, data):
    (tmp_path / "x.mat").write_bytes(data)
    with pytest.raises(InputError, match=r"x\.mat: not a whole network of MatConvNet \(.+\); fetch or copy it again$"):
        matconvnet.layers(tmp_path / "x.mat")


def test_a_file_of_pytorch_that_unpacks_to_more_than_it_is_is_refused(tmp_path):
    torch.save({"conv1_1.weight": torch.zeros(250_000)}, tmp_path / "net.pth")
    with zipfile.ZipFile(tmp_path / "net.pth") as whole, zipfile.ZipFile(tmp_path / "x.pth", "w") as squeezed:
        for part in whole.infolist():
            squeezed.writestr(part.filename, whole.read(part), zipfile.ZIP_DEFLATED)
    assert (tmp_path / "x.pth").stat().st_size < 10_000
    assert vgg_face.read(tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"x\.pth: not a weights file .*its parts are larger than itself"):
        vgg_face.read(tmp_path / "x.pth")


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(matconvnet, "_MOST_BYTES", 100_000)
    squeezed = matlab(packed(matrix(6, (1, 125_000), element(9, bytes(1_000_000)))))
    assert len(squeezed) < 2000
    (tmp_path / "x.mat").write_bytes(squeezed)
    with pytest.raises(InputError, match=r"x\.mat: .*cut short, or more than 0\.0 GB"):
        matconvnet.layers(tmp_path / "x.mat")


def test_a_torch7_module_that_holds_itself_or_another_twice_is_read_once():
    inner = torch7.Thing("nn.Linear")
    inner.fields.update(weight=torch.ones(1, 1), bias=torch.ones(1))
    outer = torch7.Thing("nn.Sequential")
    outer.fields["modules"] = {1.0: outer, 2.0: inner, 3.0: inner}
    assert torch7.layers(outer) == [(inner.fields["weight"], inner.fields["bias"])]
