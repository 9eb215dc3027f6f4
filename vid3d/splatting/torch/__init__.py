"""The same recipe by automatic differentiation: a training loop around any differentiable rasterizer.

The loop is ours, since gsplat's own strategy never resets opacities (gsplat 1.5.3) and steps where the released code
does not.  It draws its random numbers as the fused fit does, so that both start alike and see the views in one order.
The rasterizer is an argument: gsplat's on a GPU (``gsplat``), or the C++ one on a CPU (``cpp``), with which the whole
loop has been compared with the fused fit; gsplat itself and the GPU have not been run yet.

In comments on shapes k counts the moments that are fitted together, n the splats of a moment.
"""
