internal import Foundation

extension DatasetFiles {
    /// The splits of files and folders, each once: parts of one name are joined, and rows with a column `split` are divided
    /// by it. What has no splits is one part without a name.
    ///
    /// - Throws: ``DatasetError`` for a file that cannot be read.
    public static func splits(
        _ paths: [String], options: DatasetOptions = DatasetOptions()
    ) throws(DatasetError) -> [DatasetPart] {
        var found: [(name: String?, parts: [DatasetPart])] = []
        for part in try parts(paths, options: options) {
            for piece in try divided(part) {
                if let place = found.firstIndex(where: { $0.name == piece.split }) {
                    found[place].parts.append(piece)
                } else {
                    found.append((piece.split, [piece]))
                }
            }
        }
        var splits: [DatasetPart] = []
        for (name, parts) in found {
            guard parts.count > 1 else {
                splits += parts
                continue
            }
            var rows: [any Dataset] = []
            for part in parts { rows.append(try part.tableRows()) }
            splits.append(
                DatasetPart(
                    split: name, content: .rows(JoinedDataset(rows)), path: paths.joined(separator: " "),
                    options: options))
        }
        return splits
    }

    /// Rows by what their column `split` says.
    private static func divided(_ part: DatasetPart) throws(DatasetError) -> [DatasetPart] {
        guard part.split == nil || !part.hasColumn, case .rows(let rows) = part.content,
            rows.columns.contains(DatasetColumn("split", .text))
        else { return [part] }
        var order: [String?] = []
        var indices: [String?: [Int]] = [:]
        for index in 0..<rows.count {
            // A damaged row is reported by the split that comes first.
            let name =
                (try? rows.row(at: index)).map { $0["split"]?.text.map { DatasetPart.splitName($0) } } ?? order.first
                ?? nil
            if indices[name] == nil { order.append(name) }
            indices[name, default: []].append(index)
        }
        guard order.contains(where: { $0 != nil }) else { return [part] }
        return order.map { name in
            DatasetPart(
                split: name, content: .rows(rows.selecting(indices[name] ?? [])), path: part.path, options: part.options
            )
        }
    }

    /// The name of a split as it is written: `valid` for `val`, `validation` and `dev`.
    public static func splitName(_ name: String) -> String { DatasetPart.splitName(name) }

    /// The files of a split in a folder of Chinese-CLIP's.
    ///
    /// - Throws: ``DatasetError`` where one of them is missing.
    public static func chineseClip(
        split: String, in folder: String, options: DatasetOptions = DatasetOptions()
    ) throws(DatasetError) -> DatasetPart {
        let names = DatasetPart.splitName(split) == "valid" ? [split, "valid", "val"] : [split]
        for name in names {
            let path = "\(folder)/\(name)\(ChineseClipSource.images)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            guard ChineseClipSource.texts(beside: path) != nil else {
                throw DatasetError(
                    .unreadable, path: "\(folder)/\(name)_texts.jsonl",
                    "there is no such file, and \(path) has none beside it")
            }
            return DatasetPart(split: split, content: .chineseClip, path: path, options: options)
        }
        throw DatasetError(.unreadable, path: "\(folder)/\(split)\(ChineseClipSource.images)", "there is no such file")
    }
}

/// What an image's file is, for messages.
public enum ImageFileKind {
    /// A short name such as `jpg`; `unknown` where the bytes do not say.
    public static func name(of bytes: [UInt8]) -> String {
        ImageKind.known(bytes) ?? "unknown"
    }
}
