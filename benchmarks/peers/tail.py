# SPDX-License-Identifier: Apache-2.0
"""The last block behind the attention's output weight W, and the loss: gradients and Hessian products in W by hand.

A position t has the layer's input x, and what it is added to, r: s = W x + r (bias included in r); m = LN(s);
f = relu(C2 relu(C1 m + c1) + c2); h = LN(f + m); loss = softplus(-E[pos].h) + softplus(E[neg].h). Everything that no direction
changes is computed once."""
import torch
from torch.nn import functional

EPS = 1e-12


def normalised(s):
    mean = s.mean(-1, keepdim=True)
    centred = s - mean
    rstd = (centred.square().mean(-1, keepdim=True) + EPS).rsqrt()
    return centred * rstd, rstd


def norm_tangent(s_dot, xhat, rstd):
    """Tangent of xhat."""
    projected = s_dot - s_dot.mean(-1, keepdim=True)
    return rstd * (projected - xhat * (xhat * s_dot).mean(-1, keepdim=True))


def norm_backward(u, xhat, rstd):
    """Gradient at s of a loss whose gradient at xhat is u."""
    return rstd * (u - u.mean(-1, keepdim=True) - xhat * (u * xhat).mean(-1, keepdim=True))


def norm_backward_tangent(u, u_dot, s_dot, xhat, xhat_dot, rstd):
    """Tangent of `norm_backward`; the tangent of rstd is -rstd^2 mean(xhat s_dot)."""
    rstd_dot = -rstd.square() * (xhat * s_dot).mean(-1, keepdim=True)
    inner = u - u.mean(-1, keepdim=True) - xhat * (u * xhat).mean(-1, keepdim=True)
    product = (u_dot * xhat + u * xhat_dot).mean(-1, keepdim=True)
    inner_dot = u_dot - u_dot.mean(-1, keepdim=True) - xhat_dot * (u * xhat).mean(-1, keepdim=True) - xhat * product
    return rstd_dot * inner + rstd * inner_dot


class Tail:
    """Some positions, (T, D) each; `weights` (T) are those of the loss that is differentiated."""

    def __init__(self, parameters, layer, x, s, positive, negative, weights):
        self.take(parameters, layer)
        self.x = x
        self.m_hat, self.m_rstd = normalised(s)
        m = self.m_hat * self.gamma1 + self.beta1
        f1 = torch.relu(functional.linear(m, self.w1, self.b1))
        f2 = torch.relu(functional.linear(f1, self.w2, self.b2))
        self.on1, self.on2 = f1 > 0, f2 > 0
        self.h_hat, self.h_rstd = normalised(f2 + m)
        h = self.h_hat * self.gamma2 + self.beta2
        self.positive, self.negative = positive, negative
        p, n = (positive * h).sum(-1, keepdim=True), (negative * h).sum(-1, keepdim=True)
        self.losses = (functional.softplus(-p) + functional.softplus(n)).squeeze(-1)
        sp, sn = torch.sigmoid(p), torch.sigmoid(n)
        w = weights[:, None]
        self.bend_p, self.bend_n = w * sp * (1 - sp), w * sn * (1 - sn)
        self.u2 = (w * (sp - 1) * positive + w * sn * negative) * self.gamma2
        dz = norm_backward(self.u2, self.h_hat, self.h_rstd)
        self.u1 = (dz + ((dz * self.on2) @ self.w2 * self.on1) @ self.w1) * self.gamma1
        self.delta = norm_backward(self.u1, self.m_hat, self.m_rstd)

    def take(self, parameters, layer):
        prefix = f"item_encoder.layer.{layer}."
        norm = prefix + "attention.LayerNorm."
        self.gamma1, self.beta1 = parameters[norm + "weight"], parameters[norm + "bias"]
        norm = prefix + "intermediate.LayerNorm."
        self.gamma2, self.beta2 = parameters[norm + "weight"], parameters[norm + "bias"]
        conv = prefix + "intermediate.conv1d_"
        self.w1, self.b1 = parameters[conv + "1.weight"].squeeze(-1), parameters[conv + "1.bias"]
        self.w2, self.b2 = parameters[conv + "2.weight"].squeeze(-1), parameters[conv + "2.bias"]

    def product(self, v):
        """sum_t of the Hessian of the weighted loss in W times v, (D, D)."""
        s_dot = self.x @ v.T
        m_hat_dot = norm_tangent(s_dot, self.m_hat, self.m_rstd)
        m_dot = m_hat_dot * self.gamma1
        f_dot = (((m_dot @ self.w1.T) * self.on1) @ self.w2.T) * self.on2
        z_dot = f_dot + m_dot
        h_hat_dot = norm_tangent(z_dot, self.h_hat, self.h_rstd)
        h_dot = h_hat_dot * self.gamma2
        p_dot = (self.positive * h_dot).sum(-1, keepdim=True)
        n_dot = (self.negative * h_dot).sum(-1, keepdim=True)
        u2_dot = (self.bend_p * p_dot * self.positive + self.bend_n * n_dot * self.negative) * self.gamma2
        dz_dot = norm_backward_tangent(self.u2, u2_dot, z_dot, self.h_hat, h_hat_dot, self.h_rstd)
        u1_dot = (dz_dot + ((dz_dot * self.on2) @ self.w2 * self.on1) @ self.w1) * self.gamma1
        delta_dot = norm_backward_tangent(self.u1, u1_dot, s_dot, self.m_hat, m_hat_dot, self.m_rstd)
        return delta_dot.T @ self.x

    PER_POSITION = ("x", "m_hat", "m_rstd", "on1", "on2", "h_hat", "h_rstd", "positive", "negative", "bend_p", "bend_n", "u1", "u2")

    def rows(self, first, end):
        """A view of some positions."""
        part = object.__new__(Tail)
        for name in ("gamma1", "gamma2", "w1", "w2"):
            setattr(part, name, getattr(self, name))
        for name in self.PER_POSITION:
            setattr(part, name, getattr(self, name)[first:end])
        return part
