"""The expert, which learns from the environment's own reward, and an RND bonus where that says too little."""
