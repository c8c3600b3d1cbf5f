/// The public models that have a name.
public enum ModelRegistry {
    /// All of them, by family.
    public static let models = openAI + huggingFaceCLIP + chineseCLIP + openCLIP + sigLIP

    private static let byName: [String: PublicModel] = {
        var models: [String: PublicModel] = [:]
        for model in Self.models {
            for name in [model.name] + model.aliases { models[name.lowercased()] = model }
        }
        return models
    }()

    /// The model with this name or alias, in any case.
    public static func model(named name: String) -> PublicModel? { byName[name.lowercased()] }
}
