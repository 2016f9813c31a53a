"""Makes `golden.json`: what PyTorch makes of small networks, optimisers, clipping and averages.

Inputs and weights follow a formula that the tests repeat, so that only results are stored:
number `i` of series `k` is `scale * sin(1 + 7.31 * i + 0.37 * k) + offset`, in double precision, rounded to single.

Needs `torch==2.9.1` and `numpy==2.2.6`: `python make_golden.py > golden.json`.
"""
import json
import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def series(k, shape, scale=1.0, offset=0.0):
    count = math.prod(shape)
    values = [scale * math.sin(1 + 7.31 * i + 0.37 * k) + offset for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).float()


def numbers(tensor):
    return [float(f"{value:.8g}") for value in tensor.detach().double().flatten().tolist()]


class Block(nn.Module):
    def __init__(self, planes, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(planes, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.short = None
        if stride != 1 or planes != filters:
            self.short = nn.Conv2d(planes, filters, 1, stride, bias=False)
            self.short_norm = nn.BatchNorm2d(filters)

    def forward(self, x):
        around = x if self.short is None else self.short_norm(self.short(x))
        through = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(through + around)


class Resnet(nn.Module):
    """`[model.resnet]` with `width = 2` and `blocks = [1, 1]`."""

    def __init__(self, planes, classes):
        super().__init__()
        self.stem = nn.Conv2d(planes, 2, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(2)
        self.stages = nn.ModuleDict({"1": nn.ModuleDict({"1": Block(2, 2, 1)}), "2": nn.ModuleDict({"1": Block(2, 4, 2)})})
        self.dense = nn.Linear(4, classes)

    def forward(self, x):
        x = F.relu(self.stem_norm(self.stem(x)))
        x = self.stages["2"]["1"](self.stages["1"]["1"](x))
        return self.dense(x.mean((2, 3)))


class Lenet(nn.Module):
    """`[model.lenet]` with `batch-norm = true`."""

    def __init__(self, planes, side, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(planes, 20, 5, bias=False)
        self.norm1 = nn.BatchNorm2d(20)
        self.conv2 = nn.Conv2d(20, 50, 5, bias=False)
        self.norm2 = nn.BatchNorm2d(50)
        flat = 50 * (((side - 4) // 2 - 4) // 2) ** 2
        self.dense1 = nn.Linear(flat, 500)
        self.norm3 = nn.BatchNorm1d(500)
        self.dense2 = nn.Linear(500, classes)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.norm1(self.conv1(x)), 2))
        x = F.relu(F.max_pool2d(self.norm2(self.conv2(x)), 2))
        return self.dense2(F.relu(self.norm3(self.dense1(x.flatten(1)))))


def network(model, planes, side, patches=3):
    """One pass in training, with all gradients, and one in prediction."""
    state = model.state_dict()
    for k, name in enumerate(name for name in state if not name.endswith("num_batches_tracked")):
        tensor = state[name]
        if name.endswith("running_var"):
            state[name] = series(k, tensor.shape, 0.3, 1.0)
        elif name.endswith("weight") and tensor.dim() == 1:
            state[name] = series(k, tensor.shape, 0.5, 1.0)
        else:
            state[name] = series(k, tensor.shape, 1.0 / math.sqrt(max(1, tensor[0].numel())))
    model.load_state_dict(state)
    planes = series(100, (patches, planes, side, side))
    model.eval()
    predicted = model(planes)
    model.train()
    logits = model(planes)
    loss = F.cross_entropy(logits, torch.tensor([0, 1, 2]))
    loss.backward()
    result = {"predicted": numbers(predicted), "loss": loss.item()}
    # Of each gradient its length and its product with a series: two numbers in place of all.
    result["gradients"] = {
        name: [value.grad.double().norm().item(), (value.grad.double() * series(7, value.shape)).sum().item()]
        for name, value in model.named_parameters()
    }
    result["statistics"] = {
        name: [value.double().norm().item(), (value.double() * series(7, value.shape)).sum().item()]
        for name, value in model.named_buffers() if "running" in name
    }
    return result


def training(name, steps=4):
    """Some steps of an optimiser on a weight that decays and a bias that does not, clipped, and their average."""
    model = nn.Linear(5, 2)
    model.load_state_dict({"weight": series(0, (2, 5)), "bias": series(1, (2,))})
    groups = [{"params": [model.weight], "weight_decay": 0.1}, {"params": [model.bias], "weight_decay": 0.0}]
    optimizer = {
        "adamw": lambda: torch.optim.AdamW(groups, lr=0.1, betas=(0.8, 0.99), eps=1e-6),
        "sgd": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.7),
        "nesterov": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.7, nesterov=True),
    }[name]()
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.6))
    rows = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (1 + step)
        model.weight.grad, model.bias.grad = series(10 + step, (2, 5)), series(20 + step, (2,))
        norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0 if step % 2 else 100.0)
        optimizer.step()
        average.update_parameters(model)
        rows.append({
            "norm": norm.item(),
            "weight": numbers(model.weight), "bias": numbers(model.bias),
            "average": numbers(average.module.weight),
        })
    return rows


print(json.dumps({
    "resnet": network(Resnet(3, 3), 3, 9),
    "lenet": network(Lenet(2, 17, 3), 2, 17),
    "training": {name: training(name) for name in ("adamw", "sgd", "nesterov")},
}, indent=1))
