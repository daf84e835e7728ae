#!/usr/bin/python3
"""torchvision_loader.py PHOTOS - torchvision's transforms on Pillow images in PyTorch's DataLoader, beside ours (see rival.py for the options).
Needs Debian's python3-torchvision. With one thread the DataLoader works in its own process, which spares it the copies; with more it has
as many worker processes."""
from rival import BATCH, MEAN, SHORT, SIZE, STD, main, missing

try:
    import PIL
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms as T
except ImportError as error:
    missing(error, 'install python3-torchvision')


class RandomShort:
    def __call__(self, image):
        return T.functional.resize(image, int(torch.randint(SHORT[0], SHORT[1] + 1, ())))


class Photographs(torch.utils.data.Dataset):
    def __init__(self, files, recipe):
        self.files = files
        first = [RandomShort(), T.RandomCrop(SIZE)] if recipe == 'jitter' else [T.RandomResizedCrop(SIZE)]
        self.transform = T.Compose(first + [T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i]).convert('RGB'))


def batches(files, recipe, threads):
    torch.set_num_threads(1)
    data = Photographs(files, recipe)
    more = {'num_workers': threads, 'persistent_workers': True} if threads > 1 else {}
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, drop_last=True, **more)
    while True:
        yield from loader


if __name__ == '__main__':
    main(__doc__, f'torchvision {torchvision.__version__}, Pillow {PIL.__version__}', batches)
