class Network(nn.Module):
    """LeNet; names of layers are those of the weights."""

    def __init__(self, settings: dict, planes: int, shape: dict, classes: int):
        super().__init__()
        height, width = (((shape[side] - 4) // 2 - 4) // 2 for side in ("height", "width"))
        norms = settings["batch-norm"]
        self.conv1, self.conv2 = nn.Conv2d(planes, 20, 5, bias=not norms), nn.Conv2d(20, 50, 5, bias=not norms)
        self.dense1 = nn.Linear(50 * height * width, 500)
        self.dense2 = nn.Linear(500, classes)
        if norms:
            self.norm1, self.norm2, self.norm3 = nn.BatchNorm2d(20), nn.BatchNorm2d(50), nn.BatchNorm1d(500)
        else:
            self.norm1 = self.norm2 = self.norm3 = nn.Identity()

    def forward(self, x):
        x = nn.functional.max_pool2d(self.norm1(self.conv1(x)), 2).relu()
        x = nn.functional.max_pool2d(self.norm2(self.conv2(x)), 2).relu()
        return self.dense2(self.norm3(self.dense1(x.flatten(1))).relu())
