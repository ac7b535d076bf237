"""Crops on the fly: bit-equal to crops taken ahead, equal to OpenCV's bilinear resize."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rrrn.face import crops, region_boxes


def flows(count, side, seed=0):
    maps = np.random.default_rng(seed).uniform(-1, 1, (count, 2, side, side))
    return torch.from_numpy(maps.astype(np.float16))


@pytest.mark.parametrize(("side", "size"), [(64, 28), (224, 224), (56, 56), (48, 28)])
def test_bit_equal_to_crops_taken_ahead(side, size):
    flow, boxes = flows(7, side), region_boxes.boxes(side)
    ahead = torch.empty(7, 6, 2, size, size)
    for sample in range(7):
        for region, (x0, y0, x1, y1) in enumerate(boxes):
            piece = flow[sample, :, y0:y1, x0:x1].clone().float()[None]
            ahead[sample, region] = F.interpolate(piece, size=(size, size), mode="bilinear", align_corners=False)[0]
    assert torch.equal(crops.crop(flow, boxes, size), ahead)


@pytest.mark.parametrize(("side", "size"), [(64, 28), (48, 56)])
def test_against_opencv(side, size):
    flow, boxes = flows(2, side), region_boxes.boxes(side)
    ours = crops.crop(flow, boxes, size).numpy()
    for sample, region, component in np.ndindex(2, 6, 2):
        x0, y0, x1, y1 = boxes[region]
        piece = flow[sample, component].numpy().astype(np.float32)[y0:y1, x0:x1]
        theirs = cv2.resize(np.ascontiguousarray(piece), (size, size), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_allclose(ours[sample, region, component], theirs, atol=1e-5)


def test_half_precision_is_converted_before_anything_is_computed():
    flow, boxes = flows(2, 64), region_boxes.boxes(64)
    half = crops.crop(flow, boxes, 28)
    assert half.dtype == torch.float32
    assert torch.equal(half, crops.crop(flow.float(), boxes, 28))


def test_a_whole_map_at_its_own_size_is_unchanged_and_chosen_regions_come_alone():
    flow, boxes = flows(3, 28), region_boxes.boxes(28)
    alone = crops.crop(flow, boxes[[0]], 28)
    assert alone.shape == (3, 1, 2, 28, 28)
    assert torch.equal(alone[:, 0], flow.float())
