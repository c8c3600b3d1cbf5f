import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychMedia
import DiptychSearch
import Foundation

/// Something on the command line that stands for one image or for many.
enum ImageArgument: Sendable {
    /// A path, a directory, a URL, a data URI, or `-` for bytes on standard input.
    case image(String)
    /// A file that lists images, one a line; `-` for standard input.
    case list(String)

    private var readsStandardInput: Bool {
        switch self {
        case .image(let name), .list(let name): name == "-"
        }
    }

    /// Refuses what cannot mean anything, before any work is done.
    static func validate(_ arguments: [ImageArgument]) throws {
        if arguments.filter(\.readsStandardInput).count > 1 {
            throw ValidationError("standard input (-) can be read only once.")
        }
        for case .image("") in arguments { throw ValidationError("an image's path is empty.") }
    }
}

/// An image to read, and what results call it.
struct ImageInput: Sendable {
    /// What results and messages call it: the path or URL as given, or `-`.
    let name: String
    let source: ImageSource?

    init(_ name: String) {
        self.name = name
        source = name == "-" ? nil : ImageSource(name)
    }

    /// The file to read, if it is one.
    var file: String? { if case .file(let path)? = source { path } else { nil } }

    /// Reads and decodes it.
    func image(options: ImageOptions, fetch: FetchOptions) throws -> Image {
        guard let source else {
            let bytes = try StandardInput.bytes(limit: options.maximumBytes)
            return try ImageSource.data(bytes, label: "standard input").image(options: options)
        }
        return try source.image(options: options, fetch: fetch)
    }

    /// Reads and decodes it, and makes of it what a model sees.
    func preprocessed(
        for preprocessing: Preprocessing, options: ImageOptions, fetch: FetchOptions
    ) throws -> PreprocessedImage {
        let label = source?.description ?? "standard input"
        let bytes =
            try source?.bytes(maximumBytes: options.maximumBytes, fetch: fetch)
            ?? StandardInput.bytes(limit: options.maximumBytes)
        return try preprocessing.preprocessed(bytes, label: label, options: options)
    }
}

/// All images that arguments stand for, one after the other, in constant memory.
struct ImageInputs: Sequence {
    private let arguments: [ImageArgument]
    private let lists: [Int: LineReader]

    /// Opens the lists among the arguments.
    ///
    /// - Parameter separator: what stands between the names in lists.
    /// - Throws: ``Failure`` when a list cannot be opened.
    init(_ arguments: [ImageArgument], separator: LineStream.Separator = .lineBreak) throws {
        self.arguments = arguments
        var lists: [Int: LineReader] = [:]
        for (index, argument) in arguments.enumerated() {
            if case .list(let path) = argument { lists[index] = try LineReader(path: path, separator: separator) }
        }
        self.lists = lists
    }

    /// Throws what stopped a list before its end, once the sequence has ended.
    func checkLists() throws {
        for reader in lists.values { if let failure = reader.failure { throw failure } }
    }

    func makeIterator() -> AnyIterator<ImageInput> {
        let (arguments, lists) = (arguments, lists)
        var index = 0
        var folder: ImageFiles.Iterator?
        return AnyIterator {
            while true {
                if let path = folder?.next() { return ImageInput(path) }
                folder = nil
                guard index < arguments.count else { return nil }
                switch arguments[index] {
                case .image(let name):
                    index += 1
                    var isDirectory: ObjCBool = false
                    let isPath = if case .file = ImageSource(name) { name != "-" } else { false }
                    if isPath, FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory),
                        isDirectory.boolValue
                    {
                        let root = name.count > 1 && name.hasSuffix("/") ? String(name.dropLast()) : name
                        folder = ImageFiles(roots: [root]).makeIterator()
                        continue
                    }
                    return ImageInput(name)
                case .list:
                    while let line = lists[index]?.next() {
                        if !line.isEmpty { return ImageInput(line) }
                    }
                    index += 1
                }
            }
        }
    }
}
