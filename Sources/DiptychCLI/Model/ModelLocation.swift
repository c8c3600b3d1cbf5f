import Foundation

/// Where a model lies, and how that was decided.
struct ModelLocation {
    /// The model's directory.
    let path: String
    /// Whether nobody asked for it.
    let isFallback: Bool

    /// The name of the demo model.
    static let demo = "demo"

    /// Finds a model by what the user said: a name, a directory or the weights in one; `$DIPTYCH_MODEL` if nothing; the
    /// demo model if that is not set either.
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
            path = name
        }
    }

    /// The same location, after a line on standard error if it is the demo model by default.
    func announced(isQuiet: Bool) -> ModelLocation {
        if isFallback, !isQuiet {
            Console.say("using the small demo model; --model or DIPTYCH_MODEL names another")
        }
        return self
    }
}
