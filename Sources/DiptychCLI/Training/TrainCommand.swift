import ArgumentParser

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on pairs of images and texts, or on images with choices of texts.",
        discussion: """
            Without a subcommand it is pairs, with Chinese-CLIP's options: a script of that project works with `diptych train` in \
            the place of its launch line. Needs the torch engine (`diptych engine build torch`), also on processors.

            Example: diptych train --model clip_cn_vit-b-16.pt --train-data lmdb/train --val-data lmdb/valid --name muge
            """,
        subcommands: [TrainPairsCommand.self, TrainChoiceCommand.self],
        defaultSubcommand: TrainPairsCommand.self)
}
