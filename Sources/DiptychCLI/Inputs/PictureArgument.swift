import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychMedia
import DiptychSearch
import Foundation

/// Something on the command line that stands for one picture or for many.
enum PictureArgument: Sendable {
    /// A path, a directory, a URL, a data URI, or `-` for bytes on standard input.
    case picture(String)
    /// A file that lists pictures, one a line; `-` for standard input.
    case list(String)

    private var readsStandardInput: Bool {
        switch self {
        case .picture(let name), .list(let name): name == "-"
        }
    }

    /// Refuses what cannot mean anything, before any work is done.
    static func validate(_ arguments: [PictureArgument]) throws {
        if arguments.filter(\.readsStandardInput).count > 1 {
            throw ValidationError("standard input (-) can be read only once.")
        }
        for case .picture("") in arguments { throw ValidationError("a picture's path is empty.") }
    }
}

/// A picture to read, and what results call it.
struct PictureInput: Sendable {
    /// What results and messages call it: the path or URL as given, or `-`.
    let name: String
    let source: PictureSource?

    init(_ name: String) {
        self.name = name
        source = name == "-" ? nil : PictureSource(name)
    }

    /// The file to read, if it is one.
    var file: String? { if case .file(let path)? = source { path } else { nil } }

    /// Reads and decodes it.
    func picture(options: PictureOptions, fetch: FetchOptions) throws -> Picture {
        guard let source else {
            let bytes = try StandardInput.bytes(limit: options.maximumBytes)
            return try PictureSource.data(bytes, label: "standard input").picture(options: options)
        }
        return try source.picture(options: options, fetch: fetch)
    }

    /// Reads and decodes it, and makes of it what a model sees.
    func preprocessed(
        for preprocessing: Preprocessing, options: PictureOptions, fetch: FetchOptions
    ) throws -> PreprocessedPicture {
        let label = source?.description ?? "standard input"
        let bytes =
            try source?.bytes(maximumBytes: options.maximumBytes, fetch: fetch)
            ?? StandardInput.bytes(limit: options.maximumBytes)
        return try preprocessing.preprocessed(bytes, label: label, options: options)
    }
}

/// All pictures that arguments stand for, one after the other, in constant memory.
struct PictureInputs: Sequence {
    private let arguments: [PictureArgument]
    private let lists: [Int: LineReader]

    /// Opens the lists among the arguments.
    ///
    /// - Parameter separator: what stands between the names in lists.
    /// - Throws: ``Failure`` when a list cannot be opened.
    init(_ arguments: [PictureArgument], separator: LineStream.Separator = .lineBreak) throws {
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

    func makeIterator() -> AnyIterator<PictureInput> {
        let (arguments, lists) = (arguments, lists)
        var index = 0
        var folder: PictureFiles.Iterator?
        return AnyIterator {
            while true {
                if let path = folder?.next() { return PictureInput(path) }
                folder = nil
                guard index < arguments.count else { return nil }
                switch arguments[index] {
                case .picture(let name):
                    index += 1
                    var isDirectory: ObjCBool = false
                    let isPath = if case .file = PictureSource(name) { name != "-" } else { false }
                    if isPath, FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory),
                        isDirectory.boolValue
                    {
                        let root = name.count > 1 && name.hasSuffix("/") ? String(name.dropLast()) : name
                        folder = PictureFiles(roots: [root]).makeIterator()
                        continue
                    }
                    return PictureInput(name)
                case .list:
                    while let line = lists[index]?.next() {
                        if !line.isEmpty { return PictureInput(line) }
                    }
                    index += 1
                }
            }
        }
    }
}
