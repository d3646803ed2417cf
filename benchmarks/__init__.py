"""What Unroll promises about its speed, measured side by side in one run: `python -m benchmarks`.

training  tokens/s against a bare torch loop over the same network
text      seconds and memory of cutting and encoding texts of rising size
sampling  characters/s of drawing many sequences at once
logging   what it costs to write a training's numbers down
imports   how much of each stage's time goes into imports

repro     what each stage of a whole run takes, and DVC between them: `python -m benchmarks.repro`
locks     what DVC's own lock costs, in one file or two: `python -m benchmarks.locks`

shakespeare  test nats of one LSTM, an n-gram and PyTorch's example on another text: `python -m benchmarks.shakespeare`

Each measures and returns a Section of docs/performance.md.
"""
