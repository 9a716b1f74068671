"""Which operations a model asks the chip for, recorded and run again: `tracer.py FILE`."""

import sys

import torch

import hxtorch
from _hxtorch_perceptron import InferenceTracer, inference_trace
from hxtorch import perceptron as hxp

path = sys.argv[1]
hxtorch.init_hardware(ann=True)
torch.manual_seed(0)
first, second = torch.randint(-63, 64, (20, 16)).float(), torch.randint(-63, 64, (16, 5)).float()
x = torch.randint(0, 32, (3, 20)).float()

tracer = InferenceTracer(path)
tracer.start()
hidden = hxp.converting_relu(hxp.matmul(x, first), shift=1)
direct = hxp.argmax(hxp.matmul(hidden, second), dim=1, keepdim=True)
names = tracer.stop()
again = inference_trace(x, path)
hxtorch.release_hardware()
