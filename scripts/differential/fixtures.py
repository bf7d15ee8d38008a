def write(folder):
    raise NotImplementedError
