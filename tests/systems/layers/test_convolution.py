import pytest
import torch
from torch import nn

from semvet.randomness import seeded, stream
from semvet.systems.layers.convolution import Conv5, PReLU, TransposedConv5


def both(ours: nn.Module, plain: nn.Module, x):
    """Outputs and all gradients of our layer and of torch.nn's, with the same weights."""
    plain.load_state_dict(ours.state_dict())
    results = []
    for layer in (ours, plain):
        inputs = x.clone().requires_grad_()
        y = layer(inputs)
        (y * torch.arange(y.numel()).view(y.shape).sin()).sum().backward()
        results.append([y, inputs.grad, *(p.grad for p in layer.parameters())])
    return zip(*results, strict=True)


@pytest.mark.parametrize("size", [(28, 28), (32, 20), (7, 9)])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_equals_the_plain_layer(size, stride):
    with seeded(0, "c"):
        ours, plain = Conv5(3, 4, stride=stride), nn.Conv2d(3, 4, 5, stride=stride, padding=2)
    for a, b in both(ours, plain, torch.rand(2, 3, *size, generator=stream(0, "x"))):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [(7, 7), (8, 5)])
def test_transposed_convolution_equals_the_plain_layer(size):
    with seeded(0, "c"):
        ours = TransposedConv5(3, 4)
        plain = nn.ConvTranspose2d(3, 4, 5, stride=2, padding=2, output_padding=1)
    for a, b in both(ours, plain, torch.rand(2, 3, *size, generator=stream(0, "x"))):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_prelu_equals_the_plain_layer():
    x = torch.randn(4, 8, 6, 6, generator=stream(0, "x"))
    for a, b in both(PReLU(), nn.PReLU(), x):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
