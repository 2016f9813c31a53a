class Block(nn.Module):
    """Two convolutions, and a way around them."""

    def __init__(self, planes: int, filters: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(planes, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.changes = stride != 1 or planes != filters
        if self.changes:
            self.short = nn.Conv2d(planes, filters, 1, stride, bias=False)
            self.short_norm = nn.BatchNorm2d(filters)

    def forward(self, x):
        around = self.short_norm(self.short(x)) if self.changes else x
        return (self.norm2(self.conv2(self.norm1(self.conv1(x)).relu())) + around).relu()


class Network(nn.Module):
    """A residual network; names of layers are those of the weights."""

    def __init__(self, settings: dict, planes: int, shape: dict, classes: int):
        super().__init__()
        width = settings["width"]
        self.stem = nn.Conv2d(planes, width, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.stages, planes = nn.ModuleDict(), width
        for stage, count in enumerate(settings["blocks"]):
            filters, blocks = width << stage, nn.ModuleDict()
            for block in range(count):
                blocks[str(block + 1)] = Block(planes, filters, 2 if stage > 0 and block == 0 else 1)
                planes = filters
            self.stages[str(stage + 1)] = blocks
        self.dense = nn.Linear(planes, classes)

    def forward(self, x):
        x = self.stem_norm(self.stem(x)).relu()
        for blocks in self.stages.values():
            for block in blocks.values():
                x = block(x)
        return self.dense(x.mean((2, 3)))
