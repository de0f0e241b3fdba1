"""The same training step in Python: the other side of `consilium bench step`.

    pip install torch timm
    python tools/step.py --architecture vit_tiny_patch16_224 --size 64 --batch 32

One step is what a site does: grey images become floats, are normalised each by itself, go forward and backward;
the gradient is clipped to norm 1, AdamW steps. Prints one JSON object: median milliseconds, peak resident MiB.
"""

import argparse
import json
import resource
import statistics
import time

import timm
import torch

WARM_UP = 10


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--architecture", default="vit_tiny_patch16_224")
    options.add_argument("--size", type=int, default=64)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--steps", type=int, default=40)
    options.add_argument("--threads", type=int, default=1)
    asked = options.parse_args()

    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    sized = {"img_size": asked.size} if asked.architecture.startswith("vit") else {}
    model = timm.create_model(asked.architecture, in_chans=1, num_classes=2, **sized).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
    images = torch.randint(0, 256, (asked.batch, 1, asked.size, asked.size), dtype=torch.uint8)
    labels = torch.arange(asked.batch) % 2

    times = []
    for step in range(WARM_UP + asked.steps):
        started = time.perf_counter()
        seen = images.float() / 255
        mean = seen.mean(dim=(1, 2, 3), keepdim=True)
        deviation = seen.std(dim=(1, 2, 3), keepdim=True)
        loss = torch.nn.functional.cross_entropy(model((seen - mean) / deviation), labels)
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
                "architecture": asked.architecture,
                "size": asked.size,
                "batch": asked.batch,
                "parameters": sum(p.numel() for p in model.parameters()),
                "medianMs": 1000 * statistics.median(times),
                "peakRssMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "torch": torch.__version__,
                "timm": timm.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
