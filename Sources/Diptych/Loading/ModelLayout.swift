internal import DiptychBasics
internal import Foundation

/// What kind of model lies at a path.
enum ModelLayout: Equatable {
    /// A directory in Hugging Face's layout, with a `config.json`.
    case huggingFace(directory: URL)
    /// A directory in open_clip's layout, with an `open_clip_config.json`; weights of its own where there are others.
    case openCLIP(directory: URL, weights: URL?)
    /// A checkpoint of OpenAI, open_clip or Chinese-CLIP without a configuration, its vocabulary beside it.
    case original(checkpoint: URL)

    /// The directory with the model's other files.
    var directory: URL {
        switch self {
        case .huggingFace(let directory), .openCLIP(let directory, _): directory
        case .original(let checkpoint): checkpoint.deletingLastPathComponent()
        }
    }

    private static let weights = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]
    private static let checkpointExtensions: Set = ["pt", "pth", "bin", "ckpt", "safetensors"]

    /// Finds out what lies at `path`: a directory of one of the layouts, or a checkpoint file.
    ///
    /// - Throws: ``ModelError`` saying what was found and which layouts are known.
    init(path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            let name = path.isEmpty ? "\"\"" : path
            throw ModelError("\(name): no such file or directory; give a model's directory or its checkpoint")
        }
        let url = URL(fileURLWithPath: path, isDirectory: isDirectory.boolValue)
        if isDirectory.boolValue {
            self = try Self.directory(url, path)
        } else if url.lastPathComponent.hasPrefix("open_clip_"),
            Self.checkpointExtensions.contains(url.pathExtension.lowercased()),
            Self.has("open_clip_config.json", in: url.deletingLastPathComponent())
        {
            // Beside another layout's files or not, the name says whose weights they are.
            self = .openCLIP(directory: url.deletingLastPathComponent(), weights: url)
        } else if let whole = try? Self.directory(url.deletingLastPathComponent(), path),
            whole.namesWeights(url.lastPathComponent)
        {
            self = whole
        } else if Self.checkpointExtensions.contains(url.pathExtension.lowercased()) {
            self = .original(checkpoint: url)
        } else {
            throw ModelError(
                "\(path): is not named as a checkpoint (.pt, .pth, .bin, .ckpt, .safetensors); give a model's directory or "
                    + "its checkpoint")
        }
    }

    /// Whether a file of this name is the weights of a directory that has a configuration.
    private func namesWeights(_ name: String) -> Bool {
        switch self {
        case .huggingFace: Self.weights.contains(name)
        case .openCLIP: name.hasPrefix("open_clip_") || Self.weights.contains(name)
        case .original: false
        }
    }

    private static func has(_ name: String, in directory: URL) -> Bool {
        FileManager.default.fileExists(atPath: directory.appendingPathComponent(name).path)
    }

    /// Whether the directory's config.json is that of a model of transformers.
    private static func namesType(_ directory: URL) -> Bool {
        let file = directory.appendingPathComponent("config.json").path
        guard let data = FileManager.default.contents(atPath: file),
            let members = try? JSONParser.parse(data), case .object = members
        else { return true }
        return members["model_type"] != nil || members["architecture"] == nil
    }

    private static func directory(_ url: URL, _ path: String) throws -> ModelLayout {
        func has(_ name: String) -> Bool { Self.has(name, in: url) }
        // open_clip's repositories hold both kinds of configuration, and the weights of one or of both. A config.json without
        // a model's type is timm's, and so are the weights that have the usual names then.
        let isOpenCLIP = has("open_clip_config.json")
        if has("config.json"), !isOpenCLIP || (weights.contains(where: has) && namesType(url)) {
            return .huggingFace(directory: url)
        }
        if isOpenCLIP {
            let own = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"].first(where: has)
            return .openCLIP(directory: url, weights: own.map(url.appendingPathComponent))
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        let checkpoints = names.filter {
            checkpointExtensions.contains(URL(fileURLWithPath: $0).pathExtension.lowercased())
        }
        if checkpoints.count == 1 { return .original(checkpoint: url.appendingPathComponent(checkpoints[0])) }
        let found =
            checkpoints.isEmpty
            ? "no checkpoint"
            : "\(checkpoints.count) checkpoints, of which one has to be named: "
                + checkpoints.sorted().prefix(4).joined(separator: ", ")
        throw ModelError(
            "\(path): holds no config.json, no open_clip_config.json and \(found); give a Hugging Face or open_clip "
                + "directory, or a checkpoint file of OpenAI CLIP or Chinese-CLIP")
    }
}
