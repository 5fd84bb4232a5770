"""What the pipeline made, in the formats of others: demonstrations for Minari, policies for ONNX."""
