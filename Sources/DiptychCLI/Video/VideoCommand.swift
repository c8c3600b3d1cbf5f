import ArgumentParser

struct VideoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "video",
        abstract: "Frames, shots and embeddings of videos.",
        discussion: """
            Videos are files, URLs, or - for bytes on standard input. Only the bytes that are given are read: playlists and \
            scripts that name other files are refused.

            Example: diptych video frames holiday.mp4 --count 8 --output frames
            """,
        subcommands: [
            VideoFramesCommand.self, VideoShotsCommand.self, VideoEmbedCommand.self, VideoClassifyCommand.self,
        ])
}
