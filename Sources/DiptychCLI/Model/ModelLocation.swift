import DiptychHub
import Foundation

/// Where a model lies, and how that was decided.
struct ModelLocation {
    /// The model's directory.
    let path: String
    /// Whether nobody asked for it.
    let isFallback: Bool

    /// The name of the demo model.
    static let demo = "demo"

    /// Finds a model by what the user said: a directory or the weights in one, or a name; `$DIPTYCH_MODEL` if nothing; the
    /// demo model if that is not set either. A path that exists wins over a name. Nothing is downloaded.
    init(_ stated: String?) throws {
        let environment = ProcessInfo.processInfo.environment["DIPTYCH_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
        guard let name = stated ?? environment else {
            path = try DemoModel.path()
            isFallback = true
            return
        }
        isFallback = false
        if name == Self.demo {
            path = try DemoModel.path()
        } else if name.hasSuffix("/model.safetensors"), FileManager.default.fileExists(atPath: name) {
            path = String(name.dropLast("/model.safetensors".count))
        } else {
            guard !name.isEmpty else { throw Failure("the model's name is empty; give a directory, or 'demo'") }
            path = try Self.find(name)
        }
    }

    private static func find(_ name: String) throws -> String {
        let isPath = ["/", "./", "../"].contains { name.hasPrefix($0) } || FileManager.default.fileExists(atPath: name)
        if isPath { return name }
        guard let model = try? ModelName(name) else {
            throw Failure("\(name): no such file or directory, nor a model's name; `diptych models list` shows those")
        }
        let cache = HubSettings.cache
        if let found = cache.model(model) { return found.directory.path }
        let advice = "`diptych models pull \(model)`"
        if FileManager.default.fileExists(atPath: cache.directory(of: model).path) {
            let missing = cache.missingFiles(of: model).map { ", \($0.joined(separator: ", ")) missing" } ?? ""
            throw Failure("\(model) is not completely downloaded\(missing); run \(advice)")
        }
        guard let registered = model.registered else {
            throw Failure(
                "\(name): no such directory, nor has a model of that name been downloaded; \(advice) does that")
        }
        throw Failure(
            "\(model) has not been downloaded; run \(advice) (about \(Columns.bytes(registered.approximateBytes)))")
    }

    /// The same location, after a line on standard error if it is the demo model by default.
    func announced(isQuiet: Bool) -> ModelLocation {
        if isFallback, !isQuiet {
            Console.say("using the small demo model; --model or DIPTYCH_MODEL names another")
        }
        return self
    }
}
