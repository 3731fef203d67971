"""What can be trained for: the classes of a detector and what its crops are made of."""

from dataclasses import dataclass

import families


@dataclass(frozen=True)
class Task:
    name: str
    classes: list
    # Classes that partly labelled pictures show without a label.
    unlabelled: tuple
    # (side of a crop, crops in a batch) and how often.
    batches: list
    batch_chances: list
    # Crops of a training from nothing.
    crops: int

    def maker(self, folder):
        if self.name == "signs":
            from crops import CropMaker
        else:
            from solar import CropMaker
        return CropMaker(folder)


TASKS = {
    task.name: task
    for task in (
        # Most batches are of small crops; now and then larger ones show the large signs.
        Task("signs", families.FAMILIES, families.UNLABELLED, [(256, 16), (384, 7)], [0.8, 0.2], 600_000),
        Task("solar", ["panel"], (), [(256, 16)], [1.0], 150_000),
    )
}
