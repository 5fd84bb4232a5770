"""The paper remade: all its tasks, algorithms and sizes, beside the results of its authors."""
