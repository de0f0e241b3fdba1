"""The same training step in Python: the other side of `consilium bench step`.

    pip install torch
    python tools/step.py --architecture vit-tiny-16 --size 64 --batch 32

One step is what a site does: grey images become floats, are normalised each by itself, go forward and backward;
the gradient is clipped to norm 1, AdamW steps. Prints one JSON object: median milliseconds, peak resident MiB.
The networks are those of the catalogue, written as PyTorch offers them: fused attention, channels-first
convolutions, 1x1 convolutions in ConvNeXt's blocks.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

WARM_UP = 10
VIT = {"vit-mini": (8, 64, 6, 4, 3), "vit-tiny-16": (16, 192, 12, 3, 4), "vit-small-16": (16, 384, 12, 6, 4)}
CONVNEXT = {"convnext-atto": ([2, 2, 6, 2], 40), "convnext-nano": ([2, 2, 8, 2], 80)}


class Block(nn.Module):
    def __init__(self, width, heads, ratio):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))

    def forward(self, x):
        count, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(count, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        seen = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(seen.transpose(1, 2).reshape(count, tokens, width))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, size, patch, width, depth, heads, ratio):
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, 1 + (size // patch) ** 2, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads, ratio) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, 2)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Stage(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.deep = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = ChannelNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1))
        self.gamma = nn.Parameter(torch.full((width, 1, 1), 1e-6))

    def forward(self, x):
        return x + self.gamma * self.mlp(self.norm(self.deep(x)))


def convnext(depths, width):
    layers = [nn.Conv2d(1, width, 4, 4), ChannelNorm(width, eps=1e-6)]
    for place, depth in enumerate(depths):
        if place:
            layers += [ChannelNorm(width, eps=1e-6), nn.Conv2d(width, 2 * width, 2, 2)]
            width *= 2
        layers += [Stage(width) for _ in range(depth)]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(width, eps=1e-6), nn.Linear(width, 2)
    )


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--architecture", default="vit-tiny-16", choices=[*VIT, *CONVNEXT])
    options.add_argument("--size", type=int, default=64)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--steps", type=int, default=40)
    options.add_argument("--threads", type=int, default=1)
    asked = options.parse_args()

    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    name = asked.architecture
    model = VisionTransformer(asked.size, *VIT[name]) if name in VIT else convnext(*CONVNEXT[name])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
    images = torch.randint(0, 256, (asked.batch, 1, asked.size, asked.size), dtype=torch.uint8)
    labels = torch.arange(asked.batch) % 2

    times = []
    for step in range(WARM_UP + asked.steps):
        started = time.perf_counter()
        seen = images.float() / 255
        mean = seen.mean(dim=(1, 2, 3), keepdim=True)
        deviation = seen.std(dim=(1, 2, 3), keepdim=True)
        loss = functional.cross_entropy(model((seen - mean) / deviation), labels)
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if not torch.isfinite(loss.detach()):
            raise SystemExit("the loss is not finite")
        if step >= WARM_UP:
            times.append(time.perf_counter() - started)

    print(
        json.dumps(
            {
                "architecture": name,
                "size": asked.size,
                "batch": asked.batch,
                "parameters": sum(p.numel() for p in model.parameters()),
                "medianMs": round(1000 * statistics.median(times), 2),
                "peakRssMiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "torch": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
