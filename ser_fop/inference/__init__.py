"""From sound to emotion in one TensorFlow graph: the front end, the network, and scikit-learn's classifier if there is one."""
