import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

/// Chinese-CLIP's files of an evaluation, read and written.
enum RetrievalFiles {
    /// Lines that are not blank.
    static func lines(_ path: String, of kind: String) throws -> [(number: Int, bytes: [UInt8])] {
        var stream = try LineStream(
            path: path, mayBeJSON: true, advice: "give a file with one JSON object of \(kind) a line")
        var lines: [(number: Int, bytes: [UInt8])] = []
        while let line = try stream.next() {
            guard !line.isTooLong else {
                throw Failure("\(path): line \(line.number): is longer than \(LineStream.longest >> 20) MiB")
            }
            if !line.bytes.allSatisfy({ [0x20, 0x09].contains($0) }) { lines.append((line.number, line.bytes)) }
        }
        try Task.checkCancellation()
        return lines
    }

    /// Features as `extract_features` writes them.
    static func features(_ path: String, _ kind: FeatureLines.Kind, threads: Int?) throws -> FeatureLines.Features {
        do throws(EvaluationError) {
            return try FeatureLines.read(linesOrFailure(path).get(), kind, threads: threads)
        } catch { throw Failure("\(path): \(error)") }
    }

    private static func linesOrFailure(_ path: String) -> Result<[(number: Int, bytes: [UInt8])], EvaluationError> {
        do { return .success(try lines(path, of: "features")) } catch {
            let text = Failure.describe(error)
            return .failure(
                EvaluationError(text.hasPrefix("\(path): ") ? String(text.dropFirst(path.count + 2)) : text))
        }
    }

    /// The entries of a file of predictions or annotations.
    ///
    /// - Throws: ``Failure`` with the line that has none.
    static func entries(
        _ path: String, _ direction: PredictionLines.Direction
    ) throws -> [(entry: PredictionLines.Entry, text: String?)] {
        try lines(path, of: "predictions").map { line in
            guard let value = try? JSONParser.parse(line.bytes), let query = value[direction.query],
                case .array(let answers)? = value[direction.answers]
            else {
                throw Failure(
                    "\(path): line \(line.number): should be {\"\(direction.query)\": 1, \"\(direction.answers)\": [1, 2]}"
                )
            }
            return (.init(query: query, answers: answers), value["text"]?.string)
        }
    }

    /// The direction of a file by its first line.
    static func direction(of path: String) throws -> PredictionLines.Direction {
        let first = try lines(path, of: "predictions").first.flatMap { try? JSONParser.parse($0.bytes) }
        return first?["image_id"] != nil && first?["text_ids"] != nil ? .imageToText : .textToImage
    }

    /// Writes lines; gives the path.
    static func write(_ lines: some Sequence<String>, to path: String) throws -> String {
        let file = try AtomicFile(path: path)
        for line in lines { try file.write((line + "\n").utf8) }
        try file.commit(isDurable: false)
        return path
    }

    /// Refuses paths that no file can be written to, before anything is computed.
    static func check(outputs: [String?]) throws {
        for case let path? in outputs { try check(path) }
    }

    private static func check(_ path: String) throws {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw Failure("\(path): is a folder; name a file to write")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Failure("\(path): its directory does not exist or may not be written to")
        }
    }

    /// Makes a folder for files of an evaluation.
    static func makeFolder(_ path: String) throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw Failure("\(path): cannot be made a folder: \(Failure.describe(error))")
        }
    }

    /// Writes the features of a split into a folder.
    static func save(features: RetrievalFeatures, of split: String, in folder: String) throws -> [String] {
        func lines(_ kind: FeatureLines.Kind, _ ids: [JSONValue], _ rows: Embeddings) -> some Sequence<String> {
            ids.indices.lazy.map { row in
                FeatureLines.line(kind, id: ids[row], rows.values[row * rows.dimension..<(row + 1) * rows.dimension])
            }
        }
        let set = features.set
        return [
            try write(lines(.image, set.imageIDs, features.images), to: "\(folder)/\(split)_imgs.img_feat.jsonl"),
            try write(lines(.text, set.textIDs, features.texts), to: "\(folder)/\(split)_texts.txt_feat.jsonl"),
        ]
    }

    /// Writes the predictions of both directions, and the annotation of images, into a folder; or the predictions alone into a file,
    /// and those of images beside it.
    static func save(
        _ predictions: RetrievalPredictions, truth: [PredictionLines.Entry], of split: String, in folder: String
    ) throws -> [String] {
        func lines(_ entries: [PredictionLines.Entry], _ direction: PredictionLines.Direction) -> [String] {
            entries.map { PredictionLines.line($0, direction) }
        }
        if folder.hasSuffix(".jsonl") {
            return [
                try write(lines(predictions.texts, .textToImage), to: folder),
                try write(lines(predictions.images, .imageToText), to: turned(folder)),
            ]
        }
        var files = [
            try write(lines(predictions.texts, .textToImage), to: "\(folder)/\(split)_predictions.jsonl"),
            try write(lines(predictions.images, .imageToText), to: "\(folder)/\(split)_tr_predictions.jsonl"),
        ]
        let inverted = PredictionLines.inverted(truth)
        if !inverted.isEmpty {
            files.append(try write(lines(inverted, .imageToText), to: "\(folder)/\(split)_texts.tr.jsonl"))
        }
        return files
    }

    /// The path with `.tr` before its ending.
    static func turned(_ path: String) -> String {
        let url = URL(fileURLWithPath: path)
        guard !url.pathExtension.isEmpty else { return path + ".tr" }
        return String(path.dropLast(url.pathExtension.count + 1)) + ".tr." + url.pathExtension
    }
}

/// The first candidates of each query, by their ids.
struct RetrievalPredictions {
    let texts: [PredictionLines.Entry]
    let images: [PredictionLines.Entry]

    init(_ metrics: RetrievalMetrics, _ set: RetrievalSet) {
        texts = zip(set.textIDs, metrics.imagesForTexts).map { id, best in
            .init(query: id, answers: best.map { set.imageIDs[$0] })
        }
        images = zip(set.imageIDs, metrics.textsForImages).map { id, best in
            .init(query: id, answers: best.map { set.textIDs[$0] })
        }
    }
}
