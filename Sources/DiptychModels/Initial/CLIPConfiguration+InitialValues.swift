public import DiptychCheckpoints

extension CLIPConfiguration {
    /// The values from which a model of this configuration is trained, as OpenAI's `CLIP.initialize_parameters` and, for a BERT,
    /// Chinese-CLIP set them; what these leave alone is as PyTorch makes it.
    ///
    /// - Throws: ``ConfigurationError`` where the tensors are not named as in those projects.
    public func initialValues(seed: UInt64) throws -> InitialValues {
        guard names != .huggingFace else {
            throw ConfigurationError(
                path: "initial values", "a model is trained under the names of OpenAI, open_clip or Chinese-CLIP")
        }
        let configuration = self
        return InitialValues(seed: seed) { configuration.rule(for: $0, shape: $1) }
    }

    private func rule(for name: String, shape: [Int]) -> InitialValues.Rule {
        let place = names == .originalWithTextPrefix && name.hasPrefix("text.") ? String(name.dropFirst(5)) : name
        switch place {
        case "logit_scale": return .constant(2.659_26)  // ln(1 / 0.07)
        case "logit_bias": return .constant(-10)
        case "token_embedding.weight": return .normal(standardDeviation: 0.02)
        case "positional_embedding": return .normal(standardDeviation: 0.01)
        case "text_projection": return .normal(standardDeviation: 1 / Float(text.width).squareRoot())
        default: break
        }
        if place.hasPrefix("bert.") { return bertRule(place) }
        if place.hasPrefix("visual.") { return visionRule(String(place.dropFirst(7)), shape) }
        if place.hasPrefix("transformer.") {
            let (width, layers) = (Float(text.width), Float(text.layers))
            if place.hasSuffix("attn.in_proj_weight") { return .normal(standardDeviation: 1 / width.squareRoot()) }
            if place.hasSuffix("attn.out_proj.weight") || place.hasSuffix("mlp.c_proj.weight") {
                return .normal(standardDeviation: 1 / (width * 2 * layers).squareRoot())
            }
            if place.hasSuffix("mlp.c_fc.weight") { return .normal(standardDeviation: 1 / (2 * width).squareRoot()) }
        }
        return plainRule(place, shape, inputs: place.contains("mlp.c_proj") ? text.feedForwardWidth : text.width)
    }

    /// Of a BERT: normal weights, biases of 0.
    private func bertRule(_ name: String) -> InitialValues.Rule {
        if name.hasSuffix("bias") { return .zeros }
        return name.contains("LayerNorm") ? .ones : .normal(standardDeviation: 0.02)
    }

    private func visionRule(_ name: String, _ shape: [Int]) -> InitialValues.Rule {
        let scale = 1 / Float(vision.width).squareRoot()
        switch name {
        case "class_embedding", "positional_embedding", "proj": return .normal(standardDeviation: scale)
        case "attnpool.positional_embedding":
            return .normal(standardDeviation: 1 / Float(max(1, shape.last ?? 1)).squareRoot())
        default: break
        }
        if name.hasPrefix("attnpool."), name.hasSuffix("weight") {
            return .normal(standardDeviation: 1 / Float(max(1, shape.last ?? 1)).squareRoot())
        }
        if name.hasSuffix("attn.in_proj_weight") {
            // Xavier's uniform, over the stored matrix of queries, keys and values (Glorot & Bengio 2010).
            return .uniform(bound: (6 / Float(max(1, shape.reduce(0, +)))).squareRoot())
        }
        // A residual branch begins as nothing.
        if name.hasSuffix("bn3.weight") { return .zeros }
        let inputs =
            name.hasPrefix("attnpool.")
            ? 32 * vision.width
            : name.contains("mlp.c_proj") ? vision.feedForwardWidth : vision.width
        return plainRule(name, shape, inputs: inputs)
    }

    /// As PyTorch makes linear layers, convolutions and normalisations.
    ///
    /// - Parameter inputs: those of a linear layer, whose bias does not tell.
    private func plainRule(_ name: String, _ shape: [Int], inputs: Int) -> InitialValues.Rule {
        if name.hasSuffix("running_mean") { return .zeros }
        if name.hasSuffix("running_var") { return .ones }
        let isNorm = shape.count == 1 && !name.contains("attn") && !name.contains("mlp.")
        if isNorm { return name.hasSuffix("bias") ? .zeros : .ones }
        if name.hasSuffix("in_proj_bias") || name.hasSuffix("out_proj.bias") { return .zeros }
        let fan = shape.count > 1 ? shape.dropFirst().reduce(1, *) : inputs
        return .uniform(bound: 1 / Float(max(1, fan)).squareRoot())
    }
}

extension ResNetConfiguration {
    /// The values from which torchvision trains such a network: normal with variance 2 / outputs (He et al. 2015), normalisations of
    /// gain 1.
    public func initialValues(seed: UInt64) -> InitialValues {
        InitialValues(seed: seed) { name, shape in
            if shape.count == 4 {
                let fan = shape[0] * shape[2] * shape[3]
                return .normal(standardDeviation: (2 / Float(max(1, fan))).squareRoot())
            }
            return name.hasSuffix("weight") || name.hasSuffix("running_var") ? .ones : .zeros
        }
    }
}
